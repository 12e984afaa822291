/**
 * The life of each partition that this member has: opened, opened again after a failure, closed.
 * Thousands are open and wait for records, so that an open one has no fiber.
 */
import type { Cause } from "effect"
import { Clock, Duration, Effect, Either, Exit, FiberMap, Metric, Scope } from "effect"
import { backupFailedPartitions } from "../../services/Metrics.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import { makeLocks } from "../Locks.ts"
import type { PartitionFailure } from "./Archived.ts"
import { isFull } from "./Archived.ts"
import type { Gathered } from "./OpeningFacts.ts"
import type { Exclusively } from "./Orphans.ts"
import type { PartitionWriter } from "./PartitionWriter.ts"

/** Partitions whose first opening is under way at the same time; others do not even have a fiber. */
const beginningAtOnce = 16
/** How long a partition may take to bring what it has into the disk buffer. */
export const parkPatience: Duration.DurationInput = "4 seconds"
/** With `once`: how often a partition is tried whose failure can pass. */
const triesOnce = 4
/** Longest pause before a failed partition is tried again, seconds. */
const longestPause = 60
/** The same after a full disk, where the uploads of this process make room. */
const longestPauseWhenFull = 10
/** Milliseconds without a failure after which the pauses begin anew. */
const forgivenMs = 600_000

type Together = Effect.Effect<Gathered, PartitionFailure>

/** How a partition is opened. */
export interface OpeningCall {
  readonly source: TopicPartition
  /** What was asked for it and others together; `undefined`: that is too old by now. */
  readonly together: Together | undefined
  /** Upload all that is buffered first: there was no room for more. */
  readonly makeRoom: boolean
  /** To be called once, by what stops the partition. */
  readonly failed: (error: PartitionFailure) => void
}

/** A partition that is open. */
export interface Living {
  readonly fetchOffset: bigint
  readonly writer: Pick<PartitionWriter, "stop">
}

export interface LivesEnvironment<A extends Living, R> {
  readonly once: boolean
  /** Holds the partitions that are open, by name. */
  readonly owned: Map<string, A>
  /** It stays open until its scope closes. */
  readonly open: (call: OpeningCall) => Effect.Effect<A, PartitionFailure, R>
  /** Something ended in a way that no caller can handle. */
  readonly crashed: (cause: Cause.Cause<never>) => Effect.Effect<void>
}

export interface Lives {
  /** Opens the partition in the background, and keeps it open. */
  readonly begin: (source: TopicPartition, together: Together) => void
  /** Closes it, whatever it is doing. */
  readonly end: (source: TopicPartition) => Effect.Effect<void>
  readonly failures: Map<string, PartitionFailure>
  /** Those that are not tried again, because of `once`. */
  readonly givenUp: Set<string>
  /** One at a time works with the buffer files of a partition. */
  readonly exclusively: Exclusively
}

interface Tries {
  /** Whether it is one of those whose first opening is under way. */
  isNew: boolean
  attempt: number
  sinceMs: number
  together: Together | undefined
}

/** The same can go well the next time. */
const canPass = (error: PartitionFailure): boolean =>
  (error._tag === "KafkaError" && error.retriable)
  || (error._tag === "StoreError" && error.transient)
  || isFull(error)
  // Opened again, it goes on in a branch, or as a later generation.
  || (error._tag === "BackupError" && (error.reason === "CutBack" || error.reason === "Claimed"))

export const makeLives = <A extends Living, R>(
  env: LivesEnvironment<A, R>
): Effect.Effect<Lives, never, Exclude<R, Scope.Scope> | Scope.Scope> =>
  Effect.gen(function*() {
    const { crashed, once, owned } = env
    /** Begun, and not ended since. */
    const lives = new Map<string, Tries>()
    /** Of the partitions that are open. */
    const scopes = new Map<string, Scope.CloseableScope>()
    const failures = new Map<string, PartitionFailure>()
    const givenUp = new Set<string>()
    /** Uploads from here have changed what the archive holds of them since they were begun. */
    const touched = new Set<string>()
    const locks = makeLocks()
    /** Begun, and not yet started. */
    const waiting = new Map<string, () => void>()
    let beginning = 0

    const close = (name: string) =>
      Effect.suspend(() => {
        const scope = scopes.get(name)
        scopes.delete(name)
        return scope === undefined ? Effect.void : Scope.close(scope, Exit.void)
      }).pipe(Effect.uninterruptible)
    // After the fibers have ended, which open some more until then.
    yield* Effect.addFinalizer(() => Effect.forEach(scopes.keys(), close, { discard: true }))
    const fibers = yield* FiberMap.make<string>()
    const runInBackground = yield* FiberMap.runtime(fibers)<Exclude<R, Scope.Scope>>()
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        waiting.clear()
        lives.clear()
      })
    )

    const showFailures = Effect.suspend(() => Metric.set(backupFailedPartitions, failures.size))

    /** Pauses; false: it is given up. */
    const mayTryAgain = (name: string, tries: Tries, error: PartitionFailure) =>
      Effect.gen(function*() {
        failures.set(name, error)
        yield* showFailures
        const final = once && (tries.attempt >= triesOnce || !canPass(error))
        const full = isFull(error)
        const what = full ? "the disk is full, the partition waits for room" : "partition stopped"
        yield* Effect.logError(what).pipe(
          Effect.annotateLogs({ partition: name, error: error.message })
        )
        if (final) {
          givenUp.add(name)
          return false
        }
        const longest = full ? longestPauseWhenFull : longestPause
        yield* Effect.sleep(Duration.seconds(Math.min(longest, 2 ** tries.attempt)))
        const now = yield* Clock.currentTimeMillis
        tries.attempt = now - tries.sinceMs > forgivenMs ? 1 : tries.attempt + 1
        return true
      })

    const open = (source: TopicPartition, tries: Tries) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*() {
          const name = topicPartitionName(source)
          const scope = yield* Scope.make()
          const lock = locks.of(name)
          yield* Scope.addFinalizer(scope, Effect.sync(lock.release))
          let failure: PartitionFailure | undefined
          let isOpen = false
          const failed = (error: PartitionFailure) => {
            const isFirst = failure === undefined
            failure ??= error
            if (isFirst && isOpen && scopes.get(name) === scope) goOn(source, tries, error)
          }
          const last = failures.get(name)
          const makeRoom = last !== undefined && isFull(last)
          const attempt = Effect.suspend(() => {
            const together = touched.has(name) ? undefined : tries.together
            tries.together = undefined
            return env.open({ source, together, makeRoom, failed })
          })
          const opened = yield* restore(Effect.zipRight(lock.take, attempt)).pipe(
            Scope.extend(scope),
            Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
          )
          yield* Scope.addFinalizer(
            scope,
            Effect.sync(() => owned.get(name) === opened && owned.delete(name))
          )
          scopes.set(name, scope)
          owned.set(name, opened)
          failures.delete(name)
          touched.delete(name)
          yield* showFailures
          yield* Effect.logDebug("partition opened").pipe(Effect.annotateLogs({
            partition: name,
            offset: String(opened.fetchOffset)
          }))
          isOpen = true
          if (failure !== undefined) goOn(source, tries, failure)
        })
      )

    const beginNext = () => {
      for (const [name, next] of waiting) {
        if (beginning >= beginningAtOnce) return
        waiting.delete(name)
        beginning++
        next()
      }
    }
    const notNew = (tries: Tries) => {
      if (!tries.isNew) return
      tries.isNew = false
      beginning--
      beginNext()
    }

    /** Until it is open, or given up. */
    const tryToOpen = (source: TopicPartition, tries: Tries) =>
      Effect.gen(function*() {
        const name = topicPartitionName(source)
        for (;;) {
          tries.sinceMs = yield* Clock.currentTimeMillis
          const opened = yield* Effect.either(open(source, tries))
          notNew(tries)
          if (Either.isRight(opened)) return
          if (!(yield* mayTryAgain(name, tries, opened.left))) return
        }
      })

    const start = (
      source: TopicPartition,
      life: Effect.Effect<void, never, Exclude<R, Scope.Scope>>
    ) =>
      // Not at once: the partition is in the middle of something.
      runInBackground(
        topicPartitionName(source),
        Effect.tapErrorCause(Effect.interruptible(life), crashed),
        { immediate: false }
      )

    /** After a failure of an open partition. */
    const goOn = (source: TopicPartition, tries: Tries, error: PartitionFailure): void => {
      const name = topicPartitionName(source)
      // Ended while it was being opened, it is somebody else's.
      if (lives.get(name) !== tries) return
      start(
        source,
        Effect.gen(function*() {
          // What was read before the failure is worth keeping.
          const stop = owned.get(name)?.writer.stop ?? Effect.void
          yield* Effect.ignore(Effect.timeout(Effect.ignore(stop), parkPatience))
          yield* close(name)
          if (yield* mayTryAgain(name, tries, error)) yield* tryToOpen(source, tries)
        })
      )
    }

    return {
      failures,
      givenUp,
      begin: (source, together) => {
        const name = topicPartitionName(source)
        const tries = { isNew: true, attempt: 0, sinceMs: 0, together }
        touched.delete(name)
        lives.set(name, tries)
        waiting.set(name, () => {
          // Also when it is interrupted before it has begun.
          start(source, tryToOpen(source, tries)).addObserver(() => notNew(tries))
        })
        beginNext()
      },
      end: (source) =>
        Effect.gen(function*() {
          const name = topicPartitionName(source)
          lives.delete(name)
          waiting.delete(name)
          yield* FiberMap.remove(fibers, name)
          yield* close(name)
          for (const names of [failures, givenUp, touched]) names.delete(name)
        }),
      exclusively: (source) => {
        const name = topicPartitionName(source)
        return (effect) =>
          locks.ifFree(name)(Effect.ensuring(effect, Effect.sync(() => touched.add(name))))
      }
    }
  })
