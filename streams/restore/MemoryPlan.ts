/** Follows a plan that is nowhere but here: one process, no plan topic, no group. */
import { Deferred, Effect, Stream } from "effect"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import type { Kafka } from "../../services/Kafka.ts"
import type { ObjectStore } from "../../services/ObjectStore.ts"
import { measuring } from "../../services/Progress.ts"
import type { PlannedFile } from "../../src/domain/Plan.ts"
import { targetTopic } from "../../src/domain/RestoreChoice.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { makeChanges } from "./Changes.ts"
import { dispatch } from "./Dispatcher.ts"
import { makeFencing } from "./Fencing.ts"
import type { OwnershipLost } from "./Outcome.ts"
import { failedPartition, RestoreFailure, RestoreIncomplete } from "./Outcome.ts"
import { PlannedFiles } from "./PlannedFiles.ts"
import { roomIn } from "./PlanReader.ts"
import { PlanState } from "./PlanState.ts"
import type { PlanContext, RestoreContext } from "./RestoreContext.ts"

export interface MemoryPlan<E, R> {
  /** In plan order, indexes from 1 for each partition. */
  readonly files: Stream.Stream<PlannedFile, E, R>
  /** All that exist, taken over together before the first file. */
  readonly targets: ReadonlyArray<TopicPartition>
  /** Whoever restores the same under the same id later takes the targets over. */
  readonly takeoverId: string
}

/** Names the plan where a plan partition would be named. */
const plan: TopicPartition = { topic: "the plan", partition: 0 }

/**
 * Restores all of the plan. Partitions that fail stop alone; then it fails with `RestoreIncomplete`
 * when the others are done, with `OwnershipLost` when somebody else has taken over.
 */
export const followPlan = <E, R>(
  shared: RestoreContext,
  { files, takeoverId, targets }: MemoryPlan<E, R>
): Effect.Effect<
  void,
  E | RestoreIncomplete | OwnershipLost,
  R | Kafka | ObjectStore | ForeignSchema
> =>
  Effect.gen(function*() {
    const { failures, options } = shared
    const waiting = makeChanges()
    const room = makeChanges()
    const lost = yield* Deferred.make<never, OwnershipLost>()
    const state = new PlanState((topic) => targetTopic(options, topic), 0n)
    const planned = new PlannedFiles()
    const context: PlanContext = {
      ...shared,
      plan,
      state,
      planned,
      fencing: yield* makeFencing(takeoverId),
      owned: Effect.succeed(true),
      complete: true,
      changed: () => {
        waiting.changed()
        room.changed()
      }
    }
    yield* measuring(() => planned.extent())
    yield* context.fencing.cover(targets).pipe(
      Effect.catchAll((error) =>
        Effect.logDebug("targets are taken over one by one").pipe(
          Effect.annotateLogs({ error: error.message })
        )
      )
    )
    const failed = (_: unknown, failure: RestoreFailure) => failures.add(plan, failure)
    yield* Effect.forkScoped(dispatch(context, { waiting, lost, failed }))

    const add = (file: PlannedFile) =>
      Effect.sync(() => {
        const target = state.target({ topic: file.topic, partition: file.partition })
        planned.planned(target.partition, file.index)
        // One that has failed gets nothing more.
        if (target.behind === undefined) {
          state.add(target, { offset: state.position, content: file })
        }
        state.position += 1n
        context.changed()
      })
    const addAll = Stream.runForEach(
      files,
      (file) => Effect.zipRight(roomIn(state, room), add(file))
    )

    const giveUpUnanswered = Effect.suspend(() =>
      Effect.forEach(state.unanswered(), ({ origin, target }) => {
        const failure = new RestoreFailure({ partition: target.partition, ...origin.unanswered() })
        state.fail(target, failure)
        return failures.add(plan, failure)
      }, { discard: true })
    )
    const workOff: Effect.Effect<void> = Effect.suspend(() =>
      state.isWorkedOff(state.position)
        ? Effect.void
        : room.next.pipe(Effect.zipRight(giveUpUnanswered), Effect.zipRight(workOff))
    )
    const all = addAll.pipe(
      Effect.zipRight(Effect.sync(() => planned.readToEnd())),
      Effect.zipRight(giveUpUnanswered),
      Effect.zipRight(workOff)
    )
    yield* Effect.raceFirst(all, Deferred.await(lost))
    const left = failures.all().map(failedPartition)
    if (left.length > 0) return yield* new RestoreIncomplete({ failures: left })
  }).pipe(Effect.scoped)
