/** The end of a run with `once`: everything there was to do is uploaded, committed and reported. */
import { Effect, Either, Schedule } from "effect"
import { BackupError, isFull } from "./Archived.ts"
import type { FlushEnvironment } from "./Flush.ts"
import { flushAll } from "./Flush.ts"
import { reachedEnd } from "./OwnedPartition.ts"

const commitTries = Schedule.intersect(Schedule.spaced("1 second"), Schedule.recurs(20))

const incomplete = (message: string) => new BackupError({ reason: "Incomplete", message })

/** `assigned`: whether the group has told us our share. */
const done = ({ owned, partitions }: FlushEnvironment, assigned: () => boolean) =>
  assigned() && [...partitions.started].every((name) => {
    const partition = owned.get(name)
    return partition === undefined ? partitions.givenUp.has(name) : reachedEnd(partition)
  })

/** True when a full disk has stopped a partition that is going to be tried again. */
const waitsForRoom = ({ owned, partitions: { failures, givenUp } }: FlushEnvironment) =>
  Effect.gen(function*() {
    do {
      yield* Effect.sleep("50 millis")
    } while ([...owned.values()].some(({ stopped }) => stopped))
    return [...failures].some(([name, error]) => isFull(error) && !givenUp.has(name))
  })

/** Waits until every partition is at its end, uploads and commits; fails if any could not be. */
export const finishOnce = (env: FlushEnvironment, assigned: () => boolean) =>
  Effect.gen(function*() {
    const flush = Effect.gen(function*() {
      while (!done(env, assigned)) yield* Effect.sleep("50 millis")
      return yield* Effect.either(flushAll(env))
    })
    let flushed = yield* flush
    while (Either.isLeft(flushed) && (yield* waitsForRoom(env))) flushed = yield* flush
    yield* Effect.filterOrFail(
      env.committer.commit,
      (complete) => complete,
      () => incomplete("the commit failed")
    ).pipe(Effect.retry(commitTries))
    const { failures } = env.partitions
    const [[name, error] = ["", undefined]] = failures
    if (error !== undefined) {
      return yield* incomplete(
        `${failures.size} partitions failed, among them ${name}: ${error.message}`
      )
    }
    if (Either.isLeft(flushed)) return yield* incomplete(flushed.left)
  })
