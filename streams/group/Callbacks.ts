/** Tells the owner of a membership, one call at a time, what became its partitions' lot. */
import { Cause, Deferred, Effect, FiberSet } from "effect"
import type { Scope } from "effect"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import type { Partitions } from "./MemberState.ts"

export interface GroupHandlers {
  /** These are ours from now on; none, when a join brought nothing new. Membership goes on meanwhile. */
  readonly assigned: (partitions: ReadonlyArray<TopicPartition>) => Effect.Effect<void>
  /** Still ours, commits are accepted; another member gets them once this has returned. */
  readonly revoked: (partitions: ReadonlyArray<TopicPartition>) => Effect.Effect<void>
  /**
   * No longer ours, perhaps for some time. Calls of the other two that have not returned are
   * interrupted first, or dropped if they have not begun.
   */
  readonly lost: (partitions: ReadonlyArray<TopicPartition>) => Effect.Effect<void>
}

export interface Callbacks {
  /** Returns at once; runs when all calls before it have returned. */
  readonly assigned: (partitions: Partitions) => Effect.Effect<void>
  readonly revoked: (partitions: Partitions) => Effect.Effect<void>
  readonly lost: (partitions: Partitions) => Effect.Effect<void>
}

const report = <E>(failed: Deferred.Deferred<never, E>, cause: Cause.Cause<never>) =>
  Cause.isInterruptedOnly(cause) ? Effect.void : Deferred.failCause(failed, cause)

/** `failed` is completed when a handler dies. */
export const makeCallbacks = <E>(
  handlers: GroupHandlers,
  failed: Deferred.Deferred<never, E>
): Effect.Effect<Callbacks, never, Scope.Scope> =>
  Effect.gen(function*() {
    const running = yield* FiberSet.make<void>()
    let last: Deferred.Deferred<void> | undefined

    const afterTheLast = (call: Effect.Effect<void>) =>
      Effect.map(Deferred.make<void>(), (done) => {
        const before = last === undefined ? Effect.void : Deferred.await(last)
        last = done
        return Effect.ensuring(Effect.zipRight(before, call), Deferred.succeed(done, undefined))
      })

    return {
      assigned: (partitions) =>
        Effect.flatMap(
          afterTheLast(handlers.assigned([...partitions.values()])),
          (call) =>
            FiberSet.run(running, Effect.catchAllCause(call, (cause) => report(failed, cause)))
        ),
      revoked: (partitions) =>
        Effect.flatten(afterTheLast(handlers.revoked([...partitions.values()]))),
      lost: (partitions) =>
        Effect.gen(function*() {
          yield* FiberSet.clear(running)
          last = undefined
          if (partitions.size > 0) yield* handlers.lost([...partitions.values()])
        })
    }
  })
