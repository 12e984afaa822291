/** Record batches, format 2, as a producer sends them. */
import { Buffer } from "node:buffer"
import type { TimestampType } from "../domain/FileFacts.ts"
import { type Compression, compressionCode } from "./Compression.ts"
import { crc32c } from "./Crc32c.ts"
import { batchHeaderBytes, crcStart, logOverheadBytes } from "./RecordBatch.ts"

export interface BatchContent {
  /** The record section, uncompressed. */
  readonly records: Buffer
  /** The same, compressed as `compression` says. */
  readonly compressed: Buffer
  readonly compression: Compression
  readonly recordCount: number
  /** Offset of the last record minus that of the first. */
  readonly lastOffsetDelta: number
  /** Milliseconds since the epoch. */
  readonly baseTimestamp: bigint
  readonly maxTimestamp: bigint
  /** -1: none; then epoch and sequence are -1 too. */
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
  /** Given by the broker; 0 from a producer. */
  readonly baseOffset?: bigint
  /** -1 from a producer. */
  readonly leaderEpoch?: number
  readonly transactional?: boolean
  readonly control?: boolean
  readonly timestampType?: TimestampType
}

const attributesOf = (content: BatchContent, compression: Compression): number =>
  compressionCode(compression) |
  (content.timestampType === "LogAppendTime" ? 0x08 : 0) |
  (content.transactional === true ? 0x10 : 0) |
  (content.control === true ? 0x20 : 0)

/**
 * The whole batch with its CRC-32C, in a buffer of its own. Records that compression has made
 * larger are stored without: a batch is never larger than its header and the records given.
 */
export const sealBatch = (content: BatchContent): Buffer => {
  const grown = content.compressed.length > content.records.length
  const section = grown ? content.records : content.compressed
  const batch = Buffer.allocUnsafe(batchHeaderBytes + section.length)
  batch.writeBigInt64BE(content.baseOffset ?? 0n, 0)
  batch.writeInt32BE(batch.length - logOverheadBytes, 8)
  batch.writeInt32BE(content.leaderEpoch ?? -1, 12)
  batch.writeInt8(2, 16)
  batch.writeInt16BE(attributesOf(content, grown ? "none" : content.compression), crcStart)
  batch.writeInt32BE(content.lastOffsetDelta, 23)
  batch.writeBigInt64BE(content.baseTimestamp, 27)
  batch.writeBigInt64BE(content.maxTimestamp, 35)
  batch.writeBigInt64BE(content.producerId, 43)
  batch.writeInt16BE(content.producerEpoch, 51)
  batch.writeInt32BE(content.baseSequence, 53)
  batch.writeInt32BE(content.recordCount, 57)
  section.copy(batch, batchHeaderBytes)
  batch.writeUInt32BE(crc32c(batch.subarray(crcStart)), 17)
  return batch
}
