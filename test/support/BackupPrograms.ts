/** Backup programs that share a cluster and a bucket, each with a disk and a connection of its own. */
import { Chunk, Context, Effect, Fiber, Layer, Logger, Stream } from "effect"
import { DiskBuffer } from "../../services/DiskBuffer.ts"
import { FlushRequests } from "../../services/FlushRequests.ts"
import { ForeignSchemaLayer } from "../../services/ForeignSchemaLayer.ts"
import { Kafka } from "../../services/Kafka.ts"
import type { ObjectStore } from "../../services/ObjectStore.ts"
import { originalSchema } from "../../src/codec/AvroSchema.ts"
import type { BackupOptions } from "../../src/domain/Settings.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { backupTopics } from "../../streams/BackupTopics.ts"
import { avscWrite } from "./AvscReader.ts"
import { archived, archiveKeys, backupOptions, createTopic, objects } from "./BackupHarness.ts"
import { buildBatch, plainRecord } from "./Batches.ts"
import * as DiskBufferMemory from "./DiskBufferMemory.ts"
import * as FlushRequestsMemory from "./FlushRequestsMemory.ts"
import { MemoryFaults } from "./kafka/MemoryFaults.ts"
import * as KafkaMemory from "./KafkaMemory.ts"
import * as ObjectStoreMemory from "./ObjectStoreMemory.ts"

/** The cluster and the bucket. */
export const shared = Layer.mergeAll(
  KafkaMemory.layer,
  ObjectStoreMemory.layer,
  Logger.remove(Logger.defaultLogger)
)

/** One installation with that store: run it, start it in the background, ask it to flush. */
export const newProgramOn = Effect.fnUntraced(function*<E>(store: Layer.Layer<ObjectStore, E>) {
  const cluster = yield* KafkaMemory.Cluster
  const disk = yield* DiskBufferMemory.makeDisk
  const faults = new MemoryFaults()
  const context = yield* Layer.build(Layer.mergeAll(
    Layer.succeed(Kafka, KafkaMemory.connect(cluster, faults)),
    store,
    DiskBufferMemory.layerOn(disk),
    FlushRequestsMemory.layer,
    ForeignSchemaLayer
  ))
  const once = (changes: Partial<BackupOptions> = {}) =>
    Stream.runCollect(backupTopics(backupOptions(changes))).pipe(
      Effect.map(Chunk.toReadonlyArray),
      Effect.provide(context)
    )
  const start = (changes: Partial<BackupOptions> = {}) =>
    Effect.fork(once({ once: false, partitionIdleMs: 50, ...changes }))
  return {
    disk,
    faults,
    /** Its services, for parts of a pipeline that a test runs on their own. */
    context,
    once,
    start,
    /** Runs until the buffer holds one file, and stops. */
    leaveOneFile: Effect.gen(function*() {
      const running = yield* start()
      yield* until(Effect.sync(() => disk.files.size === 1))
      yield* Fiber.interrupt(running)
    }),
    flush: Context.get(context, FlushRequests).request,
    buffer: Context.get(context, DiskBuffer)
  }
})

/** One with the bucket in memory. */
export const newProgram = Effect.flatMap(
  ObjectStoreMemory.Bucket,
  (bucket) => newProgramOn(ObjectStoreMemory.layerOn(bucket))
)

export type Program = Effect.Effect.Success<typeof newProgram>

export const until = <E, R>(condition: Effect.Effect<boolean, E, R>, what = "it") =>
  Effect.repeat(Effect.delay(condition, "10 millis"), { until: (done) => done }).pipe(
    Effect.timeoutFail({ duration: "30 seconds", onTimeout: () => `${what} never came to be` })
  )

const recordAt = (offset: number, tag: string) => ({
  key: Buffer.from(`key ${offset}`),
  value: Buffer.from(`${tag} ${offset}`)
})

/** Appends records in batches of five until the log ends at `end`, each telling its offset. */
export const fill = (source: TopicPartition, end: number, tag = "value") =>
  Effect.map(KafkaMemory.Cluster, (cluster) => {
    const log = cluster.topics.log(source)
    while (log.logEnd < BigInt(end)) {
      const base = Number(log.logEnd)
      const size = Math.min(5, end - base)
      cluster.append(
        source,
        buildBatch(
          Array.from(
            { length: size },
            (_, at) => plainRecord({ ...recordAt(base + at, tag), offsetDelta: at })
          )
        )
      )
    }
  })

/** Puts a file of the original's into the bucket, with the records that `fill` writes. */
export const putOriginal = (
  source: TopicPartition,
  offsets: ReadonlyArray<number>,
  tag = "value"
) =>
  Effect.gen(function*() {
    const bytes = yield* originalFile(source, offsets, tag)
    const key = originalKey(source, offsets[0] ?? 0)
    ;(yield* objects).set(key, { bytes, metadata: {}, lastModified: 0 })
    return key
  })

/**
 * Archives other records of the same partition as a cluster would that has the same ids, up to
 * `end`: what this cluster says is then a contradiction.
 */
export const forge = (source: TopicPartition, end: number) =>
  Effect.gen(function*() {
    const forged = yield* Effect.gen(function*() {
      yield* createTopic(source.topic)
      yield* fill(source, end, "forged")
      yield* (yield* newProgram).once()
      return yield* objects
    }).pipe(Effect.scoped, Effect.provide(shared))
    const here = yield* objects
    for (const [key, object] of forged) here.set(key, object)
  })

export const originalKey = ({ partition, topic }: TopicPartition, first: number) =>
  `backup/${topic}/${partition}/${topic}-${partition}-${String(first).padStart(19, "0")}.avro`

export const originalFile = (
  source: TopicPartition,
  offsets: ReadonlyArray<number>,
  tag = "value"
) =>
  Effect.promise(() =>
    avscWrite(
      originalSchema,
      offsets.map((offset) => ({
        ...source,
        ...recordAt(offset, tag),
        headers: {},
        timestamp: 1_700_000_000_000n,
        offset: BigInt(offset)
      })),
      { blockBytes: 200 }
    )
  )

export const range = (first: number, end: number) =>
  Array.from({ length: end - first }, (_, at) => first + at)

/** The file's values, in order. */
export const values = (key: string) =>
  Effect.map(archived(key), (records) => records.map(({ value }) => value?.toString()))

/** Offsets of all records below the folder, file by file. */
export const archivedOffsets = (folder: string) =>
  Effect.gen(function*() {
    const offsets: Array<number> = []
    for (const key of (yield* archiveKeys).filter((each) => each.startsWith(folder))) {
      offsets.push(...(yield* archived(key)).map(({ offset }) => Number(offset)))
    }
    return offsets
  })
