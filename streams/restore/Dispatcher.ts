/** Gives free slots to the targets of a plan partition, first the one that the plan names first. */
import type { Scope } from "effect"
import { Cause, Deferred, Effect } from "effect"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import type { Kafka } from "../../services/Kafka.ts"
import type { ObjectStore } from "../../services/ObjectStore.ts"
import type { Changes } from "./Changes.ts"
import type { OwnershipLost, ProducerReset } from "./Outcome.ts"
import { RestoreFailure } from "./Outcome.ts"
import type { Target } from "./PlanState.ts"
import type { PlanContext } from "./RestoreContext.ts"
import { runTarget } from "./TargetRun.ts"

/** Takeovers without a file finished between them after which a target is given up. */
const mostResets = 5

export interface Dispatching {
  /** Tells of targets that may have become ready. */
  readonly waiting: Changes
  /** Completed when somebody else has taken over. */
  readonly lost: Deferred.Deferred<never, OwnershipLost>
  /** Told of each target that has failed. */
  readonly failed: (target: Target, failure: RestoreFailure) => Effect.Effect<void>
}

/** Runs until its scope closes, and every run of a target with it. */
export const dispatch = (
  context: PlanContext,
  { failed, lost, waiting }: Dispatching
): Effect.Effect<never, never, Kafka | ObjectStore | ForeignSchema | Scope.Scope> => {
  const { changed, slots, state } = context

  const fail = (target: Target, failure: RestoreFailure) =>
    Effect.suspend(() => {
      state.fail(target, failure)
      return failed(target, failure)
    })

  const startOver = (target: Target, reset: ProducerReset) =>
    Effect.suspend(() => {
      const { partition } = target
      target.attempts++
      if (target.attempts > mostResets) {
        return fail(target, new RestoreFailure({ partition, reason: reset.message }))
      }
      state.restart(target)
      return Effect.logWarning("the broker lost track of the producer, taking over anew").pipe(
        Effect.annotateLogs({ ...partition, error: reset.message }),
        Effect.zipRight(Effect.sleep(target.attempts * 1000))
      )
    })

  const run = (target: Target) =>
    runTarget(context, target).pipe(
      Effect.catchTags({
        RestoreFailure: (failure) => fail(target, failure),
        ProducerReset: (reset) => startOver(target, reset),
        OwnershipLost: (loss) => Effect.asVoid(Deferred.fail(lost, loss))
      }),
      Effect.catchAllDefect((defect) => {
        const reason = Cause.pretty(Cause.die(defect))
        return fail(target, new RestoreFailure({ partition: target.partition, reason }))
      }),
      Effect.ensuring(Effect.sync(() => {
        target.running = false
        changed()
      }))
    )

  /** Returns when its turn has come, in which the target is chosen and runs. */
  const startNext = Effect.flatMap(Deferred.make<void>(), (begun) =>
    Effect.suspend(() => {
      const target = state.firstWaiting()
      Deferred.unsafeDone(begun, Effect.void)
      if (target === undefined) return Effect.void
      target.running = true
      return run(target)
    }).pipe(slots, Effect.forkScoped, Effect.zipRight(Deferred.await(begun))))

  return Effect.forever(
    Effect.suspend(() => state.firstWaiting() === undefined ? waiting.next : startNext)
  )
}
