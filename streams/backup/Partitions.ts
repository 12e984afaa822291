/** Opens, runs and closes the backup of each partition that this member owns. */
import type { Scope } from "effect"
import { Clock, Deferred, Duration, Effect, Fiber, FiberMap, Metric } from "effect"
import type { DiskBuffer } from "../../services/DiskBuffer.ts"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import type { Kafka } from "../../services/Kafka.ts"
import { backupFailedPartitions } from "../../services/Metrics.ts"
import type { ObjectStore, StoreError } from "../../services/ObjectStore.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import { makeTurns } from "../Turns.ts"
import { archiveFile } from "./Archive.ts"
import type { ArchivedFile, PartitionFailure } from "./Archived.ts"
import { isFull } from "./Archived.ts"
import type { GrowingFile } from "./GrowingFile.ts"
import type { OpeningEnvironment } from "./Opening.ts"
import { openOwned } from "./Opening.ts"
import type { Gathered } from "./OpeningFacts.ts"
import { gatherFacts } from "./OpeningFacts.ts"
import type { Exclusively } from "./Orphans.ts"
import type { OwnedPartitions } from "./OwnedPartition.ts"

/** Partitions opened at the same time. */
const openingAtOnce = 16
/** Partitions let go of at the same time. */
const stoppingAtOnce = 64
/** Uploads at the same time. */
const uploadsAtOnce = 4
/** How long a partition may take to bring what it has into the disk buffer. */
const parkPatience: Duration.DurationInput = "4 seconds"
/** With `once`: how often a partition is tried whose failure can pass. */
const triesOnce = 4
/** Longest pause before a failed partition is tried again, seconds. */
const longestPause = 60
/** The same after a full disk, where the uploads of this process make room. */
const longestPauseWhenFull = 10

export interface PartitionsEnvironment extends Omit<OpeningEnvironment, "archive" | "begun"> {
  readonly owned: OwnedPartitions
  readonly archived: (file: ArchivedFile) => void
}

/** The store has failed ever since, at every try. */
export interface StoreTrouble {
  readonly sinceMs: number
  readonly error: StoreError
}

export interface Partitions {
  /** Begins to back up the partitions, in the background, until `stop`. */
  readonly start: (sources: ReadonlyArray<TopicPartition>) => Effect.Effect<void>
  /**
   * Brings what was taken in into the disk buffer, commits what is durable, and lets go. Uploads
   * under way are given up. Ends within seconds, whoever does not answer.
   */
  readonly stop: (sources: ReadonlyArray<TopicPartition>, owner: boolean) => Effect.Effect<void>
  /** Partitions that failed, with the reason. */
  readonly failures: ReadonlyMap<string, PartitionFailure>
  /** Those that are not tried again, because of `once`. */
  readonly givenUp: ReadonlySet<string>
  /** All partitions started and not stopped. */
  readonly started: ReadonlySet<string>
  readonly exclusively: Exclusively
  readonly trouble: () => StoreTrouble | undefined
}

type Env = Kafka | ObjectStore | DiskBuffer | ForeignSchema

/** The same can go well the next time. */
const canPass = (error: PartitionFailure): boolean =>
  (error._tag === "KafkaError" && error.retriable)
  || (error._tag === "StoreError" && error.transient)
  || isFull(error)
  // Opened again, it goes on in a branch, or as a later generation.
  || (error._tag === "BackupError" && (error.reason === "CutBack" || error.reason === "Claimed"))

export const makePartitions = (
  env: PartitionsEnvironment
): Effect.Effect<Partitions, never, Env | Scope.Scope> =>
  Effect.gen(function*() {
    const { committer, options, owned } = env
    const context = yield* Effect.context<Env>()
    const scope = yield* Effect.scope
    const fibers = yield* FiberMap.make<string>()
    const opening = makeTurns(openingAtOnce)
    const uploading = makeTurns(uploadsAtOnce)
    const failures = new Map<string, PartitionFailure>()
    const givenUp = new Set<string>()
    const started = new Set<string>()
    /** One at a time works with the buffer files of a partition. */
    const locks = new Map<string, Effect.Semaphore>()
    let trouble: StoreTrouble | undefined

    const lockOf = (source: TopicPartition) => {
      const name = topicPartitionName(source)
      const lock = locks.get(name) ?? Effect.unsafeMakeSemaphore(1)
      locks.set(name, lock)
      return lock
    }

    const archive = (file: GrowingFile, before: Effect.Effect<void, PartitionFailure>) =>
      Effect.flatMap(Effect.clock, (clock) =>
        archiveFile(file, {
          before,
          patience: options.once ? "30 seconds" : undefined,
          tried: (error) => {
            // A try that only waited for its answer has failed when it gives up, and no sooner.
            const sinceMs = trouble?.sinceMs ?? clock.unsafeCurrentTimeMillis()
            trouble = error === undefined ? undefined : { sinceMs, error }
          }
        })).pipe(
          uploading,
          Effect.tap((done) => Effect.sync(() => env.archived(done))),
          Effect.provide(context)
        )
    const openingEnvironment = { ...env, archive, begun: new Set<string>() }

    const run = (
      source: TopicPartition,
      gathered: Effect.Effect<Gathered, PartitionFailure, Env>
    ) =>
      Effect.gen(function*() {
        const name = topicPartitionName(source)
        const failed = yield* Deferred.make<never, PartitionFailure>()
        const last = failures.get(name)
        const makeRoom = last !== undefined && isFull(last)
        const open = Effect.flatMap(gathered, (facts) => facts(source)).pipe(
          Effect.flatMap((facts) => openOwned(openingEnvironment, source, facts, failed, makeRoom)),
          opening
        )
        const partition = yield* open
        yield* Effect.acquireRelease(
          Effect.sync(() => owned.set(name, partition)),
          () => Effect.sync(() => owned.get(name) === partition && owned.delete(name))
        )
        failures.delete(name)
        yield* Metric.set(backupFailedPartitions, failures.size)
        yield* Effect.logDebug("partition opened").pipe(Effect.annotateLogs({
          partition: name,
          offset: String(partition.fetchOffset)
        }))
        // What was read before the failure is worth keeping.
        const park = Effect.timeout(Effect.ignore(partition.writer.stop), parkPatience)
        return yield* Effect.tapError(Deferred.await(failed), () => Effect.ignore(park))
      }).pipe(Effect.scoped, lockOf(source).withPermits(1))

    const onFailure = (source: TopicPartition, attempt: number) => (error: PartitionFailure) =>
      Effect.gen(function*() {
        const name = topicPartitionName(source)
        failures.set(name, error)
        yield* Metric.set(backupFailedPartitions, failures.size)
        const final = options.once && (attempt >= triesOnce || !canPass(error))
        const full = isFull(error)
        const what = full ? "the disk is full, the partition waits for room" : "partition stopped"
        yield* Effect.logError(what).pipe(
          Effect.annotateLogs({ partition: name, error: error.message })
        )
        const longest = full ? longestPauseWhenFull : longestPause
        if (final) givenUp.add(name)
        else yield* Effect.sleep(Duration.seconds(Math.min(longest, 2 ** attempt)))
      })

    const keepRunning = (source: TopicPartition, first: Fiber.Fiber<Gathered, PartitionFailure>) =>
      Effect.gen(function*() {
        let gathered: Effect.Effect<Gathered, PartitionFailure, Env> = Fiber.join(first)
        for (let attempt = 0;; attempt++) {
          const since = yield* Clock.currentTimeMillis
          yield* Effect.catchAll(run(source, gathered), onFailure(source, attempt))
          if (givenUp.has(topicPartitionName(source))) return
          if ((yield* Clock.currentTimeMillis) - since > 600_000) attempt = 0
          gathered = gatherFacts(options.groupId, [source])
        }
      })

    const stopOne = (owner: boolean) => (source: TopicPartition) =>
      Effect.gen(function*() {
        const name = topicPartitionName(source)
        const partition = owned.get(name)
        for (const names of [owned, started, failures, givenUp]) names.delete(name)
        if (partition !== undefined) {
          partition.stopped = true
          if (!owner) partition.release()
          yield* Effect.ignoreLogged(
            Effect.timeout(Effect.interruptible(partition.writer.stop), parkPatience)
          )
          partition.markDurable()
        }
        yield* FiberMap.remove(fibers, name)
        return partition
      })

    return {
      failures,
      givenUp,
      started,
      trouble: () => trouble,
      exclusively: (source) => lockOf(source).withPermitsIfAvailable(1),
      start: (sources) =>
        Effect.gen(function*() {
          for (const source of sources) started.add(topicPartitionName(source))
          const gathered = yield* Effect.forkIn(gatherFacts(options.groupId, sources), scope)
          yield* Effect.forEach(sources, (source) =>
            FiberMap.run(
              fibers,
              topicPartitionName(source),
              Effect.tapErrorCause(keepRunning(source, gathered), env.crashed)
            ), { discard: true })
        }).pipe(Effect.provide(context)),
      stop: (sources, owner) =>
        Effect.gen(function*() {
          const stopped = yield* Effect.forEach(sources, stopOne(owner), {
            concurrency: stoppingAtOnce
          })
          if (owner) {
            yield* Effect.timeoutOption(Effect.interruptible(committer.commit), "5 seconds")
          }
          for (const partition of stopped) partition?.release()
        })
    }
  })
