/** Whole archive files in memory, written and read with the codec. */
import { Chunk, Effect, Stream } from "effect"
import { Buffer } from "node:buffer"
import { BatchAssembler } from "../../src/codec/BatchAssembler.ts"
import type { AssembledBatch } from "../../src/codec/BatchAssembler.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import { compress } from "../../src/codec/Compression.ts"
import { decodeBlock, readContainer } from "../../src/codec/ContainerReader.ts"
import { containerHeader, frameBlock } from "../../src/codec/ContainerWriter.ts"
import type { DataBatch } from "../../src/codec/FetchedBatches.ts"
import { readBatchHeader, recordSection } from "../../src/codec/RecordBatch.ts"
import type { ArchivedRecord, ReadableLayout } from "../../src/codec/RecordCursor.ts"
import { readRecords } from "../../src/codec/RecordCursor.ts"
import type { EncodedBlock } from "../../src/codec/RecordEncoder.ts"
import { RecordEncoder } from "../../src/codec/RecordEncoder.ts"
import type { FileFacts } from "../../src/domain/FileFacts.ts"
import { noGaps } from "../../src/domain/FileFacts.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import type { BatchFields, PlainRecord } from "./Batches.ts"
import { buildBatch, plainRecords } from "./Batches.ts"

export const orders: TopicPartition = { topic: "orders.v1", partition: 3 }

export const dataBatch = (
  records: ReadonlyArray<PlainRecord>,
  fields: BatchFields = {}
): DataBatch => {
  const bytes = buildBatch(records, fields)
  const header = readBatchHeader(bytes, 0, orders)
  if (header === undefined) throw new Error("the batch is not whole")
  return { header, records: recordSection(bytes, header) }
}

/** What the archive is to hold for a batch of `orders`. */
export const archived = (batch: DataBatch): Array<ArchivedRecord> =>
  plainRecords(batch).map(({ headers, key, offsetDelta, timestamp, value }) => ({
    ...orders,
    offset: batch.header.baseOffset + BigInt(offsetDelta),
    timestamp,
    key,
    value,
    headers
  }))

export const encodeBatches = (
  batches: ReadonlyArray<DataBatch>,
  blockBytes = 1_000_000
): Array<EncodedBlock> => {
  const blocks: Array<EncodedBlock> = []
  const encoder = new RecordEncoder(orders, { blockBytes, onBlock: (block) => blocks.push(block) })
  for (const batch of batches) encoder.append(batch, 0n)
  encoder.flush()
  return blocks
}

export interface DecodedBlock {
  readonly bytes: Buffer
  readonly recordCount: number
}

export const sourceOffsetHeader = "restore.source-offset"

export const assembleBlocks = (
  blocks: ReadonlyArray<DecodedBlock>,
  options: {
    readonly maxBatchBytes?: number
    readonly layout?: ReadableLayout
    readonly source?: TopicPartition
    readonly skipThrough?: bigint
  } = {}
): Array<AssembledBatch> => {
  const batches: Array<AssembledBatch> = []
  const assembler = new BatchAssembler(options.source ?? orders, {
    maxBatchBytes: options.maxBatchBytes ?? 1_000_000,
    layout: options.layout ?? "ours",
    sourceOffsetHeader,
    onBatch: (batch) => batches.push(batch)
  })
  for (const block of blocks) {
    assembler.append(block.bytes, block.recordCount, options.skipThrough ?? -1n)
  }
  assembler.flush()
  return batches
}

/** The records of an assembled batch, as a target broker at offset 0 would hand them out. */
export const restored = (batch: AssembledBatch): Array<PlainRecord> => {
  const { baseTimestamp, maxTimestamp, recordCount, records } = batch
  const template = dataBatch([], { baseTimestamp, maxTimestamp })
  return plainRecords({ header: { ...template.header, recordCount }, records })
}

export const someFacts: FileFacts = {
  formatVersion: 1,
  clusterId: "4L6g3nShT-eMCtK--X86sw",
  topicId: "tHmaJeUiSxqfTVF8KAQYHg",
  partitionCount: 12,
  timestampType: "CreateTime",
  coverageStart: 0n,
  coverageNext: 100n,
  recordCount: 90,
  largestRecord: 1234,
  minTimestamp: -1n,
  maxTimestamp: 1_700_000_000_000n,
  firstLeaderEpoch: -1,
  lastLeaderEpoch: 7,
  gaps: { ...noGaps, compacted: 10 }
}

export const writeContainer = (
  blocks: ReadonlyArray<DecodedBlock>,
  sync: Buffer = Buffer.alloc(16, "sync"),
  facts = someFacts
): Effect.Effect<Buffer, CodecError> =>
  Effect.map(
    Effect.forEach(blocks, (block) =>
      Effect.map(
        compress("zstd", block.bytes),
        (bytes) => frameBlock(block.recordCount, bytes, sync)
      )),
    (frames) => Buffer.concat([containerHeader({ facts, sync }), ...frames.flat()])
  )

/** The bytes as a stream of chunks of one size. */
export const chunked = (bytes: Buffer, size = bytes.length): Stream.Stream<Uint8Array> =>
  Stream.fromIterable(
    Array.from(
      { length: Math.ceil(bytes.length / Math.max(size, 1)) },
      (_, index) => new Uint8Array(bytes.subarray(index * size, (index + 1) * size))
    )
  )

export const decodeContainer = (
  bytes: Buffer,
  chunkSize?: number
): Effect.Effect<ReadonlyArray<DecodedBlock>, CodecError> =>
  Effect.scoped(Effect.gen(function*() {
    const { blocks, header } = yield* readContainer(chunked(bytes, chunkSize))
    const decoded = Stream.mapEffect(blocks, (block) =>
      Effect.map(decodeBlock(header.codec, block), (content) => ({
        bytes: content,
        recordCount: block.recordCount
      })))
    return Chunk.toReadonlyArray(yield* Stream.runCollect(decoded))
  }))

export const recordsOf = (
  blocks: ReadonlyArray<DecodedBlock>,
  layout: ReadableLayout = "ours"
): Array<ArchivedRecord> =>
  blocks.flatMap(({ bytes, recordCount }) => readRecords(bytes, layout, recordCount))
