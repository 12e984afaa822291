/** Makes of a partition that this member has been given one that is being backed up. */
import type { Cause, Scope } from "effect"
import { Effect } from "effect"
import type { DiskBuffer } from "../../services/DiskBuffer.ts"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import type { Kafka } from "../../services/Kafka.ts"
import type { ObjectStore } from "../../services/ObjectStore.ts"
import { Progress } from "../../services/Progress.ts"
import type { BufferPool } from "../../src/codec/BufferPool.ts"
import { joinPath, parseArchiveKey } from "../../src/domain/ArchiveKey.ts"
import type { BackupOptions } from "../../src/domain/Settings.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import type { ByteBudget } from "../ByteBudget.ts"
import type { ArchivedFile, PartitionFailure } from "./Archived.ts"
import type { BegunTopics } from "./BeginFirst.ts"
import { beginFirst, beginFirstIfPossible } from "./BeginFirst.ts"
import type { Committer } from "./Committer.ts"
import type { GrowingFile } from "./GrowingFile.ts"
import type { OpenBlocks } from "./OpenBlocks.ts"
import type { OpeningFacts } from "./OpeningFacts.ts"
import { openPartition } from "./OpenPartition.ts"
import type { OwnedPartition } from "./OwnedPartition.ts"
import { makePartitionWriter } from "./PartitionWriter.ts"
import { commitMetadata } from "./Place.ts"

export interface OpeningEnvironment {
  readonly options: BackupOptions
  readonly clusterId: string
  readonly budget: ByteBudget
  readonly pool: BufferPool
  readonly openBlocks: OpenBlocks
  readonly committer: Committer
  /** Something ended in a way that no caller can handle. */
  readonly crashed: (cause: Cause.Cause<never>) => Effect.Effect<void>
  readonly archive: (
    file: GrowingFile,
    before: Effect.Effect<void, PartitionFailure>
  ) => Effect.Effect<ArchivedFile, PartitionFailure>
  readonly begun: BegunTopics
}

type Env = Kafka | ObjectStore | DiskBuffer | ForeignSchema

/** Its writer runs until the scope closes. `failed` is called by what stops the partition. */
export const openOwned = (
  env: OpeningEnvironment,
  source: TopicPartition,
  facts: OpeningFacts,
  failed: (error: PartitionFailure) => void,
  /** Upload all that is buffered first: there was no room for more. */
  makeRoom = false
): Effect.Effect<
  OwnedPartition,
  PartitionFailure,
  Env | Scope.Scope
> =>
  Effect.gen(function*() {
    const { committer, options } = env
    const { committed, end, logStart, topic } = facts
    const { topicId } = topic
    const origin = { clusterId: env.clusterId, topicId, partitionCount: topic.partitions.length }
    const opened = yield* openPartition(options.prefix, origin, source, facts)
    let { newestFirst, watermark } = opened
    const growing = makeRoom ? undefined : opened.files.at(-1)
    const context = yield* Effect.context<Env>()
    const whenFirst = (begin: typeof beginFirst) =>
      Effect.suspend(() =>
        newestFirst === undefined && opened.root === joinPath(options.prefix)
          ? Effect.provide(begin(options.prefix, origin, source, env.begun), context)
          : Effect.void
      )
    for (const file of opened.files.filter((each) => each !== growing)) {
      const done = yield* env.archive(file, whenFirst(beginFirst))
      watermark = done.facts.coverageNext
      newestFirst = parseArchiveKey(done.key)?.firstOffset
    }

    let released = false
    const marked = { offset: -1n, newestFirst }
    const markDurable = (offset: bigint) => {
      if (released || (offset === marked.offset && newestFirst === marked.newestFirst)) return
      marked.offset = offset
      marked.newestFirst = newestFirst
      committer.mark({ ...source, offset, leaderEpoch: -1, metadata: commitMetadata(newestFirst) })
    }
    const fail = (error: PartitionFailure) => {
      partition.stopped = true
      failed(error)
    }
    const writer = yield* makePartitionWriter({
      source,
      origin,
      root: opened.root,
      watermark,
      file: growing,
      begin: whenFirst(beginFirstIfPossible),
      minFileSize: options.minFileSize,
      compressionLevel: options.compressionLevel,
      maxFileAgeMs: options.maxFileAgeMs,
      idleMs: options.partitionIdleMs,
      syncMs: options.bufferSyncMs,
      budget: env.budget,
      pool: env.pool,
      openBlocks: env.openBlocks,
      failed: (error) => fail(error),
      crashed: env.crashed,
      archive: (file) =>
        Effect.tap(env.archive(file, whenFirst(beginFirst)), (done) => {
          newestFirst = parseArchiveKey(done.key)?.firstOffset
          markDurable(done.facts.coverageNext)
        })
    })
    if (logStart > writer.position()) writer.skipDeleted(logStart)
    const leader = topic.partitions.find(({ partition }) => partition === source.partition)
    const partition: OwnedPartition = {
      ...source,
      topicId,
      writer,
      counts: (yield* Progress).topic(source.topic),
      fail,
      stopped: false,
      end,
      start: writer.position(),
      committedBefore: committed?.offset ?? -1n,
      markDurable: () => markDurable(writer.durable()),
      release: () => {
        released = true
        committer.forget(source)
      },
      fetchOffset: writer.position(),
      leader: leader?.leader ?? -1,
      leaderEpoch: leader?.leaderEpoch ?? -1,
      readEpoch: opened.lastEpoch,
      validEpoch: leader?.leaderEpoch ?? -1,
      notBeforeMs: 0,
      outstanding: 0,
      requestedFrom: -1,
      highWatermark: -1n,
      lastStableOffset: end,
      logStartOffset: logStart
    }
    return partition
  })
