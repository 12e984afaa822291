/** Restores what one plan partition names, for as long as this member owns it. */
import { Deferred, Effect } from "effect"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import type { Kafka, KafkaError } from "../../services/Kafka.ts"
import type { ObjectStore } from "../../services/ObjectStore.ts"
import type { Extent } from "../../services/Progress.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import { targetTopic } from "../../src/domain/RestoreChoice.ts"
import type { RestoreOptions } from "../../src/domain/Settings.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import type { GroupMembership } from "../GroupMembership.ts"
import { patiently } from "../ReadLog.ts"
import { makeChanges } from "./Changes.ts"
import { dispatch } from "./Dispatcher.ts"
import { makeFencing } from "./Fencing.ts"
import type { OwnershipLost } from "./Outcome.ts"
import { RestoreFailure } from "./Outcome.ts"
import { PlannedFiles } from "./PlannedFiles.ts"
import { catchUp, readPlanPartition } from "./PlanReader.ts"
import type { Target } from "./PlanState.ts"
import { PlanState } from "./PlanState.ts"
import type { PlanContext, RestoreContext } from "./RestoreContext.ts"

type Services = Kafka | ObjectStore | ForeignSchema

export interface PlanWorker {
  /** Restores until it is interrupted. */
  readonly run: Effect.Effect<never, never, Services>
  /** Commits the plan up to its first record that is not finished. */
  readonly commit: Effect.Effect<void>
  /** Whether everything before the plan offset is restored, or has failed for good. */
  readonly isWorkedOff: (end: bigint) => boolean
  /** How far its targets are, in files. */
  readonly extent: () => Extent
}

const commitEvery = "1 second"

/** Milliseconds between two tries of what has failed: doubled each time, within these. */
const shortestPause = 1000
const longestPause = 60_000

const pauseAfter = (attempts: number): number =>
  Math.min(longestPause, shortestPause * 2 ** Math.min(attempts - 1, 16))

/** What is wrong with the plan partition as a whole. */
const planFailure = (plan: TopicPartition, error: KafkaError | CodecError): RestoreFailure => {
  const reason = error._tag === "KafkaError" && error.reason === "OFFSET_OUT_OF_RANGE"
    ? "the plan topic no longer holds the plan from where it is to be read " +
      `(OFFSET_OUT_OF_RANGE): records were deleted from it; plan anew (${error.message})`
    : `the plan cannot be read: ${error.message}`
  return new RestoreFailure({ partition: plan, reason })
}

export const makePlanWorker = (
  shared: RestoreContext,
  options: RestoreOptions,
  membership: GroupMembership,
  plan: TopicPartition,
  planPartitions: number
): PlanWorker => {
  const { failures } = shared
  let state: PlanState | undefined
  let planned = new PlannedFiles()
  let committed = -1n
  let broken = false

  const owned = Effect.map(
    membership.owned,
    (all) =>
      all.some(({ partition, topic }) => topic === plan.topic && partition === plan.partition)
  )

  const commit = Effect.suspend(() => {
    const offset = state?.commitPosition() ?? -1n
    if (offset <= committed) return Effect.void
    return membership.commit([{ ...plan, offset, leaderEpoch: -1, metadata: null }]).pipe(
      Effect.flatMap(([answer]) => {
        if (answer !== undefined && answer.error === undefined) {
          committed = offset
          return Effect.void
        }
        return Effect.logDebug("plan not committed").pipe(
          Effect.annotateLogs({ ...plan, offset, error: answer?.error })
        )
      }),
      Effect.catchAll((error) =>
        Effect.logWarning("plan not committed").pipe(
          Effect.annotateLogs({ ...plan, offset, error: error.message })
        )
      )
    )
  })

  const startOffset = Effect.gen(function*() {
    const [answer] = yield* patiently("30 seconds")(membership.committed([plan]))
    committed = answer?.offset ?? -1n
    return committed < 0n ? 0n : committed
  })

  /** Works until somebody else has taken over, or the plan cannot be read. */
  const work: Effect.Effect<never, KafkaError | CodecError | OwnershipLost, Services> = Effect.gen(
    function*() {
      yield* failures.clear(plan)
      const from = yield* startOffset
      const waiting = makeChanges()
      const room = makeChanges()
      const lost = yield* Deferred.make<never, OwnershipLost>()
      const current = new PlanState((topic) => targetTopic(options, topic), from)
      state = current
      planned = new PlannedFiles()
      const context: PlanContext = {
        ...shared,
        plan,
        state: current,
        planned,
        fencing: yield* makeFencing(`${options.groupId}-plan-${plan.partition}`),
        owned,
        complete: from === 0n,
        changed: () => {
          waiting.changed()
          room.changed()
        }
      }
      const scope = yield* Effect.scope

      const tryAgain = (target: Target): Effect.Effect<void, never, Kafka> =>
        Effect.sleep(pauseAfter(target.attempts)).pipe(
          Effect.zipRight(Effect.suspend(() => {
            context.configs.forget(target.partition.topic)
            context.leaders.forget(target.partition.topic)
            current.retry(target)
            return catchUp(context, planPartitions, target, room)
          })),
          Effect.catchAll((error) => {
            const reason = `the plan cannot be read: ${error.message}`
            const failure = new RestoreFailure({ partition: target.partition, reason })
            current.fail(target, failure)
            return Effect.zipRight(failures.add(plan, failure), tryAgain(target))
          })
        )

      const kafka = yield* Effect.context<Kafka>()
      const failed = (target: Target, failure: RestoreFailure) =>
        Effect.zipRight(
          failures.add(plan, failure),
          options.once
            ? Effect.void
            : Effect.asVoid(Effect.forkIn(Effect.provide(tryAgain(target), kafka), scope))
        )

      const readToEnd = Effect.suspend(() =>
        Effect.forEach(current.unanswered(), ({ origin, target }) => {
          const { partition } = target
          const failure = new RestoreFailure({ partition, ...origin.unanswered() })
          current.fail(target, failure)
          return failed(target, failure)
        }, { discard: true })
      )

      yield* Effect.forkScoped(dispatch(context, { waiting, lost, failed }))
      yield* Effect.forkScoped(Effect.forever(Effect.zipRight(Effect.sleep(commitEvery), commit)))
      return yield* Effect.raceFirst(
        readPlanPartition(context, planPartitions, room, readToEnd),
        Deferred.await(lost)
      )
    }
  ).pipe(Effect.scoped)

  const run = (attempts: number): Effect.Effect<never, never, Services> =>
    Effect.catchAll(work, (error) => {
      state = undefined
      if (error._tag === "OwnershipLost") {
        // If the group agrees, this is interrupted; else it begins anew with its own takeover.
        return Effect.logInfo("plan partition taken over by another member").pipe(
          Effect.annotateLogs({ ...plan, error: error.message }),
          Effect.zipRight(Effect.sleep("5 seconds")),
          Effect.zipRight(run(1))
        )
      }
      broken = true
      const next = options.once
        ? Effect.never
        : Effect.sleep(pauseAfter(attempts)).pipe(Effect.zipRight(Effect.suspend(() => {
          broken = false
          return run(attempts + 1)
        })))
      return Effect.zipRight(failures.add(plan, planFailure(plan, error)), next)
    })

  return {
    run: run(1),
    commit,
    extent: () => planned.extent(),
    isWorkedOff: (end) => broken || (state?.isWorkedOff(end) ?? false)
  }
}
