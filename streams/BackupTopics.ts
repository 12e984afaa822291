/**
 * The continuous copy of topics into the archive: members of one consumer group share the
 * partitions; what is fetched grows in the disk buffer, is uploaded, and only then committed.
 */
import type { Duration, Scope } from "effect"
import { Cause, Clock, Deferred, Effect, Fiber, Mailbox, Schedule, Stream } from "effect"
import { Companions } from "../services/Companions.ts"
import type { BufferError } from "../services/DiskBuffer.ts"
import { DiskBuffer } from "../services/DiskBuffer.ts"
import type { FlushRequests } from "../services/FlushRequests.ts"
import type { ForeignSchema } from "../services/ForeignSchema.ts"
import type { TopicMetadata } from "../services/Kafka.ts"
import type { KafkaError } from "../services/Kafka.ts"
import { Kafka } from "../services/Kafka.ts"
import type { ObjectStore } from "../services/ObjectStore.ts"
import { measuring } from "../services/Progress.ts"
import { BufferPool } from "../src/codec/BufferPool.ts"
import type { BackupOptions } from "../src/domain/Settings.ts"
import type { ArchivedFile, BackupError } from "./backup/Archived.ts"
import { blockBytesFor } from "./backup/BlockBuilder.ts"
import { blockBudgetBytes, makeBufferRoom } from "./backup/BufferRoom.ts"
import { makeCommitter } from "./backup/Committer.ts"
import type { CountedBuffer } from "./backup/CountedBuffer.ts"
import { countedBuffer } from "./backup/CountedBuffer.ts"
import { makeEarlyUploads } from "./backup/EarlyUploads.ts"
import type { FlushEnvironment } from "./backup/Flush.ts"
import { answerFlushes, flushAll } from "./backup/Flush.ts"
import type { ShownTopics } from "./backup/Gauges.ts"
import { updateGauges } from "./backup/Gauges.ts"
import { makeHeldUp } from "./backup/HeldUp.ts"
import { makeHousekeeping } from "./backup/Housekeeping.ts"
import { makeLeadership } from "./backup/Leadership.ts"
import { uploadLeftovers } from "./backup/Leftovers.ts"
import { finishOnce, finishTogether } from "./backup/Once.ts"
import { onceExtent } from "./backup/OnceExtent.ts"
import { nothingInUse, uploadOrphans } from "./backup/Orphans.ts"
import type { OwnedPartition } from "./backup/OwnedPartition.ts"
import { makePartitions } from "./backup/Partitions.ts"
import { makeKeepDefinitions } from "./definitions/KeepDefinitions.ts"
import type { GroupMembership } from "./GroupMembership.ts"
import { joinGroup } from "./GroupMembership.ts"

/** How long an upload on the way out may take. */
const lastFlushPatience: Duration.DurationInput = "10 minutes"
/** Milliseconds between two looks at what the original left behind. */
const leftoversMs = 60_000
/** Milliseconds between two looks at how full the disk buffer is, with a bound, and without. */
const roomMs = 100
const boundlessRoomMs = 1000

export type BackupFailure = KafkaError | BufferError | BackupError
type Env = Kafka | ObjectStore | DiskBuffer | FlushRequests | ForeignSchema

/** Topics to back up, sorted by name: all that match but those internal to Kafka. */
const selectTopics = (options: BackupOptions, topics: ReadonlyArray<TopicMetadata>) =>
  topics.filter(({ error, internal, topic }) =>
    !internal && error === undefined && options.include(topic) && !options.exclude(topic)
  ).map(({ topic }) => topic).sort()

/** At start, without Kafka: what the buffer holds is brought to safety before giving up. */
const rescueBuffer = (error: KafkaError) =>
  Effect.gen(function*() {
    const orphans = yield* uploadOrphans(nothingInUse)
    const uploaded = orphans.uploaded.length + (yield* uploadLeftovers)
    yield* uploaded === 0
      ? Effect.void
      : Effect.logWarning("Kafka is unreachable, the buffer has been uploaded").pipe(
        Effect.annotateLogs({ files: uploaded })
      )
    return yield* error
  })

const make = (options: BackupOptions, counted: CountedBuffer) =>
  Effect.gen(function*() {
    const kafka = yield* Kafka
    const files = yield* Mailbox.make<ArchivedFile, BackupFailure>()
    const first = yield* Effect.catchAll(kafka.metadata(undefined), rescueBuffer)
    const topicsById = new Map<string, TopicMetadata>()
    const owned = new Map<string, OwnedPartition>()
    const archived = (file: ArchivedFile) => void files.unsafeOffer(file)
    const crashed = (cause: Cause.Cause<never>) =>
      Cause.isInterruptedOnly(cause) ? Effect.void : Effect.asVoid(files.failCause(cause))
    let lastAnswerMs = yield* Clock.currentTimeMillis
    let outageFlushed = false
    let settled = false

    const remember = (topics: ReadonlyArray<TopicMetadata>) => {
      topicsById.clear()
      for (const topic of topics) topicsById.set(topic.topic, topic)
    }
    remember(first.topics)

    const joined = yield* Deferred.make<GroupMembership>()
    const committer = yield* makeCommitter((offsets) =>
      Effect.flatMap(Deferred.await(joined), (membership) => membership.commit(offsets))
    )
    const room = makeBufferRoom(options.maxBufferBytes, counted)
    const blockBytes = Math.min(room.largestBlock, blockBytesFor(options.minFileSize))
    const partitions = yield* makePartitions({
      options,
      clusterId: first.clusterId,
      owned,
      budget: room.budget,
      openBlocks: room.openBlocks,
      pool: new BufferPool(blockBytes, blockBudgetBytes),
      committer,
      archived,
      crashed
    })

    const topics = selectTopics(options, first.topics)
    if (topics.length === 0) {
      yield* Effect.logWarning("no topic matches, there is nothing to back up")
    }
    const partitionCount = first.topics.reduce(
      (sum, { partitions, topic }) => topics.includes(topic) ? sum + partitions.length : sum,
      0
    )
    const membership = yield* joinGroup({
      groupId: options.groupId,
      topics,
      handlers: {
        assigned: (sources) =>
          Effect.zipRight(partitions.start(sources), Effect.sync(() => (settled = true))),
        revoked: (sources) => partitions.stop(sources, true),
        lost: (sources) => partitions.stop(sources, false)
      }
    })

    yield* Deferred.succeed(joined, membership)
    const flush: FlushEnvironment = { owned, partitions, committer, archived }

    // On the way out: nothing is uploaded unless asked for, and the buffer keeps everything.
    yield* Effect.addFinalizer(() =>
      Effect.gen(function*() {
        if (options.flushOnExit) {
          const flushed = Effect.timeout(Effect.interruptible(flushAll(flush)), lastFlushPatience)
          yield* Effect.ignoreLogged(flushed)
        }
        const stopped = Effect.suspend(() => partitions.stop([...owned.values()], true))
        yield* Effect.timeoutOption(Effect.interruptible(stopped), "8 seconds")
      })
    )

    const leadership = yield* makeLeadership({
      owned,
      crashed,
      delayMs: options.consumeDelayMs,
      hurried: options.once,
      hasRoom: room.hasRoom,
      reached: (ok) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          if (!ok) return
          lastAnswerMs = now
          outageFlushed = false
        }),
      recreated: (source) =>
        // The offset of the former life means nothing in this one: it is not committed.
        Effect.zipRight(partitions.stop([source], false), partitions.start([source]))
    })

    const watchTopics = Effect.gen(function*() {
      const { topics } = yield* kafka.metadata(undefined)
      lastAnswerMs = yield* Clock.currentTimeMillis
      remember(topics)
      yield* membership.subscribe(selectTopics(options, topics))
      yield* leadership.learn(topics)
    }).pipe(
      Effect.catchAll((error) =>
        Effect.logWarning("topics could not be looked up, trying again").pipe(
          Effect.annotateLogs({ error: error.message })
        )
      )
    )

    const flushAfterOutage = Effect.gen(function*() {
      const silentMs = (yield* Clock.currentTimeMillis) - lastAnswerMs
      const limit = options.kafkaOutageFlushMs
      if (limit === 0 || outageFlushed || silentMs < limit) return
      outageFlushed = true
      yield* Effect.logWarning("Kafka has been away, uploading what is buffered").pipe(
        Effect.annotateLogs({ seconds: Math.round(silentMs / 1000) })
      )
      yield* Effect.catchAll(flushAll(flush), (error) => Effect.logWarning(error))
    })

    const shown: ShownTopics = new Map()
    const heldUp = makeHeldUp(owned)
    const everySecond = Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      for (const partition of owned.values()) {
        const due = partition.writer.due(now)
        if (due !== undefined) yield* Effect.fork(due)
        partition.markDurable()
      }
      yield* updateGauges(owned, shown)
      yield* heldUp
      yield* room.tell
    })

    const housekeeping = makeHousekeeping(
      flush,
      options.maxFileAgeMs,
      (topic) => topicsById.has(topic)
    )

    const repeat = <A, R>(effect: Effect.Effect<A, never, R>, every: number) =>
      Effect.forkScoped(
        Effect.tapErrorCause(Effect.repeat(effect, Schedule.spaced(every)), crashed)
      )

    const keepDefinitions = makeKeepDefinitions(options.prefix, first.clusterId)
    const keep = Effect.suspend(() => {
      const names = selectTopics(options, [...topicsById.values()])
      return keepDefinitions(names.flatMap((name) => topicsById.get(name) ?? []))
    })
    const keeping = options.once
      ? keep
      : Effect.asVoid(Effect.repeat(keep, Schedule.spaced(options.topicRefreshMs)))
    const kept = yield* Effect.forkScoped(Effect.tapErrorCause(keeping, crashed))
    if (!options.once) yield* repeat(watchTopics, options.topicRefreshMs)
    yield* repeat(everySecond, 1000)
    yield* repeat(
      makeEarlyUploads({ room, counted, owned, partitions, archived }),
      options.maxBufferBytes > 0 ? roomMs : boundlessRoomMs
    )
    yield* repeat(committer.commit, 1000)
    yield* repeat(flushAfterOutage, 1000)
    yield* repeat(Effect.delay(housekeeping.orphans, options.topicRefreshMs), 1000)
    yield* repeat(Effect.delay(housekeeping.leftovers, leftoversMs), 1000)
    yield* Effect.forkScoped(Effect.tapErrorCause(answerFlushes(flush), crashed))
    yield* Effect.forkScoped(Effect.catchAll(membership.failure, (error) => files.fail(error)))
    if (options.once) {
      yield* measuring(() => onceExtent(owned, partitions, () => settled))
      const companions = yield* Companions
      const finish = companions === undefined
        ? finishOnce(flush, () => settled)
        : finishTogether(flush, membership.settled, () => settled, companions, partitionCount)
      yield* Effect.forkScoped(Effect.flatMap(
        Effect.exit(
          Effect.zipLeft(finish, Effect.zipRight(housekeeping.leftovers, Fiber.await(kept)))
        ),
        (exit) => exit._tag === "Success" ? files.end : files.failCause(exit.cause)
      ))
    }
    return Mailbox.toStream(files)
  })

/**
 * Runs until interrupted, or with `once` until the present end of every partition is archived.
 * Emits each archive file when it is durable; fails when the group refuses this member, or, with
 * `once`, when a partition could not be backed up.
 */
export const backupTopics = (
  options: BackupOptions
): Stream.Stream<ArchivedFile, BackupFailure, Env> =>
  Stream.unwrapScoped(
    Effect.flatMap(
      countedBuffer,
      (counted) => Effect.provideService(make(options, counted), DiskBuffer, counted.buffer)
    ) satisfies Effect.Effect<unknown, BackupFailure, Env | Scope.Scope>
  )
