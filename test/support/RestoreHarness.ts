/** An archive, a plan and targets in memory, and the two commands run over them. */
import { Chunk, Effect, Layer, Logger, Stream } from "effect"
import { ForeignSchemaLayer } from "../../services/ForeignSchemaLayer.ts"
import { compress } from "../../src/codec/Compression.ts"
import { containerHeader, frameBlock } from "../../src/codec/ContainerWriter.ts"
import { readFetched } from "../../src/codec/FetchedBatches.ts"
import type { ArchivedRecord } from "../../src/codec/RecordCursor.ts"
import { writeRecords } from "../../src/codec/RecordWriter.ts"
import { archiveKey } from "../../src/domain/ArchiveKey.ts"
import type { FileFacts } from "../../src/domain/FileFacts.ts"
import { everything } from "../../src/domain/RestoreChoice.ts"
import type { PlanOptions, RestoreOptions } from "../../src/domain/Settings.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { planRestore } from "../../streams/PlanRestore.ts"
import { restoreTopics } from "../../streams/RestoreTopics.ts"
import type { PlainRecord } from "./Batches.ts"
import { plainRecords } from "./Batches.ts"
import { someFacts } from "./Containers.ts"
import * as KafkaMemory from "./KafkaMemory.ts"
import * as ObjectStoreMemory from "./ObjectStoreMemory.ts"

export const world = Layer.mergeAll(
  KafkaMemory.layer,
  ObjectStoreMemory.layer,
  ForeignSchemaLayer,
  Logger.remove(Logger.defaultLogger)
)

const never = () => false
const all = () => true

export const planOptions = (changes: Partial<PlanOptions> = {}): PlanOptions => ({
  topics: [all],
  exclude: never,
  choice: everything,
  prefix: "backup",
  planTopic: "plan",
  planTopicPartitions: 1,
  processLargeTopicsLast: false,
  largeTopicThresholdMb: 92160,
  generation: "newest",
  dryRun: false,
  ...changes
})

export const restoreOptions = (changes: Partial<RestoreOptions> = {}): RestoreOptions => ({
  planTopic: "plan",
  topicPrefix: "restored.",
  groupId: "restore",
  exclude: never,
  choice: everything,
  maxBytesPerSecond: 0,
  failOnExistingData: true,
  compression: "lz4",
  consumeDelayMs: 0,
  once: true,
  ...changes
})

export const plan = (changes: Partial<PlanOptions> = {}) =>
  Effect.map(Stream.runCollect(planRestore(planOptions(changes))), Chunk.toReadonlyArray)

export const restore = (changes: Partial<RestoreOptions> = {}) =>
  Effect.map(Stream.runCollect(restoreTopics(restoreOptions(changes))), Chunk.toReadonlyArray)

export const archivedRecord = (
  source: TopicPartition,
  offset: number,
  fields: Partial<ArchivedRecord> = {}
): ArchivedRecord => ({
  ...source,
  offset: BigInt(offset),
  timestamp: 1_700_000_000_000n + BigInt(offset),
  key: Buffer.from(`key ${offset}`),
  value: Buffer.from(`value ${offset}`),
  headers: [],
  ...fields
})

/** Records with the offsets from `first` to `last`. */
export const recordsFrom = (source: TopicPartition, first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, at) => archivedRecord(source, first + at))

const recordsPerBlock = 10

const sync = Buffer.alloc(16, "sync")

const timesOf = (records: ReadonlyArray<ArchivedRecord>): Partial<FileFacts> => {
  const [first] = records
  if (first === undefined) return {}
  let { timestamp: minTimestamp, timestamp: maxTimestamp } = first
  for (const { timestamp } of records) {
    if (timestamp < minTimestamp) minTimestamp = timestamp
    if (timestamp > maxTimestamp) maxTimestamp = timestamp
  }
  return { minTimestamp, maxTimestamp }
}

/** The bytes of an archive file of ours, in blocks of ten records. */
export const fileBytes = (records: ReadonlyArray<ArchivedRecord>, facts?: Partial<FileFacts>) =>
  Effect.gen(function*() {
    const header = containerHeader({
      sync,
      facts: {
        ...someFacts,
        recordCount: records.length,
        coverageStart: records[0]?.offset ?? 0n,
        coverageNext: (records.at(-1)?.offset ?? -1n) + 1n,
        ...timesOf(records),
        ...facts
      }
    })
    const parts: Array<Buffer> = [header]
    for (let at = 0; at < records.length; at += recordsPerBlock) {
      const block = records.slice(at, at + recordsPerBlock)
      const bytes = yield* compress("zstd", writeRecords(block))
      parts.push(...frameBlock(block.length, bytes, sync))
    }
    return Buffer.concat(parts)
  })

export const putObject = (key: string, bytes: Uint8Array) =>
  Effect.map(ObjectStoreMemory.Bucket, ({ objects }) => {
    objects.set(key, { bytes, metadata: {}, lastModified: 0 })
  })

/** Puts an archive file into the store; returns its key. */
export const putFile = (records: ReadonlyArray<ArchivedRecord>, facts?: Partial<FileFacts>) =>
  Effect.gen(function*() {
    const first = records[0]
    if (first === undefined) return yield* Effect.dieMessage("an archive file has records")
    const key = archiveKey("backup", first, first.offset)
    yield* putObject(key, yield* fileBytes(records, facts))
    return key
  })

/** A partition's file with the offsets from `first` to `last`. */
export const putRange = (source: TopicPartition, first: number, last: number) =>
  putFile(recordsFrom(source, first, last))

/** Every data record in a log of the cluster. */
export const logRecords = (source: TopicPartition) =>
  Effect.gen(function*() {
    const log = (yield* KafkaMemory.Cluster).topics.log(source)
    const records = Buffer.concat(log.batches.map(({ bytes }) => bytes))
    const aborted = log.abortedBetween(0n, log.logEnd)
    const outcomes = yield* readFetched({ ...source, records, aborted }, 0n)
    return outcomes.flatMap((outcome) => outcome.kind === "data" ? plainRecords(outcome) : [])
  })

export const targetOf = ({ partition, topic }: TopicPartition): TopicPartition => ({
  topic: `restored.${topic}`,
  partition
})

const sourceOffset = ({ headers }: PlainRecord): string => headers[0]?.[1]?.toString() ?? "none"

/** The source offsets of the records in a target, in order, each run of successors as `from-to`. */
export const restoredOffsets = (source: TopicPartition) =>
  Effect.map(logRecords(targetOf(source)), (records) => {
    const runs: Array<[number, number]> = []
    for (const offset of records.map(sourceOffset).map(Number)) {
      const last = runs.at(-1)
      if (last !== undefined && last[1] + 1 === offset) last[1] = offset
      else runs.push([offset, offset])
    }
    return runs.map(([from, to]) => `${from}-${to}`).join(" ")
  })

export const createTarget = (
  topic: string,
  partitions: number,
  configs: Readonly<Record<string, string>> = {}
) =>
  Effect.map(KafkaMemory.Cluster, ({ topics }) => {
    topics.create(`restored.${topic}`, partitions, configs)
  })
