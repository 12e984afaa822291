/** The end of a run with `once`: everything there was to do is uploaded, committed and reported. */
import { Effect, Either, Exit, Schedule } from "effect"
import type { Companionship } from "../../services/Companions.ts"
import type { SettledShare } from "../GroupMembership.ts"
import { BackupError, isFull } from "./Archived.ts"
import type { FlushEnvironment } from "./Flush.ts"
import { flushAll } from "./Flush.ts"
import { reachedEnd } from "./OwnedPartition.ts"

const commitTries = Schedule.intersect(Schedule.spaced("1 second"), Schedule.recurs(20))

const incomplete = (message: string) => new BackupError({ reason: "Incomplete", message })

/** `assigned`: whether the group has told us our share. */
const done = ({ owned, partitions }: FlushEnvironment, assigned: () => boolean): boolean => {
  if (!assigned()) return false
  // Many times a second, of thousands: it makes nothing of them.
  for (const name of partitions.started) {
    const partition = owned.get(name)
    if (partition === undefined ? !partitions.givenUp.has(name) : !reachedEnd(partition)) {
      return false
    }
  }
  return true
}

/** True when a full disk has stopped a partition that is going to be tried again. */
const waitsForRoom = ({ owned, partitions: { failures, givenUp } }: FlushEnvironment) =>
  Effect.gen(function*() {
    do {
      yield* Effect.sleep("50 millis")
    } while ([...owned.values()].some(({ stopped }) => stopped))
    return [...failures].some(([name, error]) => isFull(error) && !givenUp.has(name))
  })

/**
 * Waits until every partition is at its end, or until `enough` says that nobody needs them, uploads
 * and commits; fails if any could not be. Returns the names of those that were at their end.
 */
export const finishOnce = (
  env: FlushEnvironment,
  assigned: () => boolean,
  enough: () => boolean = () => false
) =>
  Effect.gen(function*() {
    let reached: ReadonlyArray<string> = []
    const flush = Effect.gen(function*() {
      while (!done(env, assigned) && !enough()) yield* Effect.sleep("50 millis")
      reached = [...env.owned].filter(([, each]) => reachedEnd(each)).map(([name]) => name)
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
    return reached
  })

/**
 * As `finishOnce`, and stays until all members in this process are done. What the group hands over
 * meanwhile is done too, unless somebody has done it already. `of`: partitions of all topics.
 */
export const finishTogether = (
  env: FlushEnvironment,
  share: Effect.Effect<SettledShare | undefined>,
  assigned: () => boolean,
  { agreed, tell }: Companionship,
  of: number
) =>
  Effect.gen(function*() {
    const { started } = env.partitions
    const finished = new Set<string>()
    const enough = () => agreed() !== undefined
    const idleIn = Effect.map(share, (settled) =>
      settled !== undefined && settled.owned.size === started.size &&
        [...started].every((name) =>
          settled.owned.has(name)
        ) && done(env, assigned)
        ? settled.generation
        : null)
    for (;;) {
      const known = new Set(started)
      const outcome = yield* Effect.exit(finishOnce(env, assigned, enough))
      if (Exit.isSuccess(outcome)) { for (const name of outcome.value) finished.add(name) }
      while ([...started].every((name) => known.has(name))) {
        yield* tell({ idleIn: yield* idleIn, done: [...finished], of })
        if (enough()) return yield* outcome
        yield* Effect.sleep("100 millis")
      }
      if (enough()) return yield* outcome
    }
  })
