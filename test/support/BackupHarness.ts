/** A cluster, an archive and a disk buffer in memory, and the backup run over them. */
import { Chunk, Effect, Layer, Logger, Stream } from "effect"
import { ForeignSchemaLayer } from "../../services/ForeignSchemaLayer.ts"
import { Kafka } from "../../services/Kafka.ts"
import { layoutOf } from "../../src/codec/AvroSchema.ts"
import { decodeBlock, readContainer } from "../../src/codec/ContainerReader.ts"
import { factsFromMetadata } from "../../src/codec/FactsMetadata.ts"
import type { ArchivedRecord } from "../../src/codec/RecordCursor.ts"
import { readRecords } from "../../src/codec/RecordCursor.ts"
import { parseArchiveKey } from "../../src/domain/ArchiveKey.ts"
import type { BackupOptions } from "../../src/domain/Settings.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { backupTopics } from "../../streams/BackupTopics.ts"
import { buildBatch, plainRecord } from "./Batches.ts"
import * as DiskBufferMemory from "./DiskBufferMemory.ts"
import * as FlushRequestsMemory from "./FlushRequestsMemory.ts"
import * as KafkaMemory from "./KafkaMemory.ts"
import * as ObjectStoreMemory from "./ObjectStoreMemory.ts"

export const world = Layer.mergeAll(
  KafkaMemory.layer,
  ObjectStoreMemory.layer,
  DiskBufferMemory.layer,
  FlushRequestsMemory.layer,
  ForeignSchemaLayer,
  Logger.remove(Logger.defaultLogger)
)

export const backupOptions = (changes: Partial<BackupOptions> = {}): BackupOptions => ({
  include: () => true,
  exclude: () => false,
  groupId: "backup",
  prefix: "backup",
  minFileSize: 1 << 20,
  maxFileAgeMs: 0,
  partitionIdleMs: 60_000,
  maxBufferBytes: 0,
  bufferSyncMs: 0,
  compressionLevel: 1,
  kafkaOutageFlushMs: 0,
  flushOnExit: false,
  once: true,
  topicRefreshMs: 200,
  consumeDelayMs: 0,
  ...changes
})

/** A `--once` run; what it made durable. */
export const backup = (changes: Partial<BackupOptions> = {}) =>
  Effect.map(Stream.runCollect(backupTopics(backupOptions(changes))), Chunk.toReadonlyArray)

export const createTopic = (topic: string, partitions = 1) =>
  Effect.flatMap(
    Kafka,
    (kafka) => kafka.createTopics([{ topic, partitions, replicationFactor: 1, configs: {} }])
  )

/** Appends batches of ten records until there are `count` more. */
export const append = (source: TopicPartition, count: number) =>
  Effect.map(KafkaMemory.Cluster, (cluster) => {
    for (let left = count; left > 0; left -= 10) {
      const records = Array.from({ length: Math.min(10, left) }, (_, at) =>
        plainRecord({
          key: Buffer.from(`key ${left - at}`),
          value: Buffer.from(`value ${left - at} of ${source.topic}`),
          offsetDelta: at
        }))
      cluster.append(source, buildBatch(records))
    }
  })

export const objects = Effect.map(ObjectStoreMemory.Bucket, ({ objects }) => objects)

/** Keys of everything but the definitions of topics. */
export const keysButDefinitions = Effect.map(
  objects,
  (all) => [...all.keys()].filter((key) => !ObjectStoreMemory.isDefinitions(key))
)

/** Keys of everything but what lies beside the archive. */
export const archiveKeys = Effect.map(
  objects,
  (all) => [...all.keys()].filter((key) => parseArchiveKey(key) !== undefined).sort()
)

/** Every record of an archive or buffer file. */
export const recordsIn = (bytes: Uint8Array) =>
  Effect.scoped(Effect.gen(function*() {
    const { blocks, header } = yield* readContainer(Stream.make(bytes))
    const layout = layoutOf(header.schema)
    return yield* Stream.runFoldEffect(blocks, [] as Array<ArchivedRecord>, (all, block) =>
      Effect.map(decodeBlock(header.codec, block), (decoded) => [
        ...all,
        ...readRecords(decoded, layout === "original" ? layout : "ours", block.recordCount)
      ]))
  }))

/** Every record of an archive file, decoded from the store. */
export const archived = (key: string) =>
  Effect.flatMap(objects, (all) => recordsIn(all.get(key)?.bytes ?? Buffer.alloc(0)))

/** `first-last` offsets of a partition's files in key order, and their coverage. */
export const coverage = (folder: string) =>
  Effect.gen(function*() {
    const lines: Array<string> = []
    for (const key of (yield* archiveKeys).filter((each) => each.startsWith(folder))) {
      const records = yield* archived(key)
      const facts = factsFromMetadata((yield* objects).get(key)?.metadata ?? {})
      const span = `[${facts?.coverageStart}, ${facts?.coverageNext})`
      lines.push(`${records[0]?.offset}-${records.at(-1)?.offset} ${span}`)
    }
    return lines
  })

/** The committed offset of the backup's group. */
export const committed = (source: TopicPartition, groupId = "backup") =>
  Effect.flatMap(
    Kafka,
    (kafka) =>
      Effect.map(kafka.fetchOffsets(groupId, [source]), ([answer]) => Number(answer?.offset ?? -2n))
  )
