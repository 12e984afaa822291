/** Reads a plan partition into its state, as far ahead as the look-ahead allows. */
import { Effect } from "effect"
import type { Kafka, KafkaError } from "../../services/Kafka.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import { readLogPatiently } from "../ReadLog.ts"
import type { Changes } from "./Changes.ts"
import type { RestoreFailure } from "./Outcome.ts"
import { takeIn, takeInFor } from "./PlanIntake.ts"
import { scanPlan } from "./PlanScan.ts"
import type { PlanState, Target } from "./PlanState.ts"
import type { PlanContext } from "./RestoreContext.ts"

/** Plan records in memory, of one plan partition. */
export const lookAhead = 4000

/** Between two looks at a plan that has nothing new. */
const idle = "500 millis"

/** Waits until fewer entries than that are in memory. */
export const roomIn = (state: PlanState, room: Changes): Effect.Effect<void> =>
  Effect.suspend(() =>
    state.pending < lookAhead ? Effect.void : Effect.zipRight(room.next, roomIn(state, room))
  )

/**
 * Reads for ever. `room` tells of entries that were finished; `readToEnd` runs whenever everything
 * planned so far has been taken in.
 */
export const readPlanPartition = (
  context: PlanContext,
  planPartitions: number,
  room: Changes,
  readToEnd: Effect.Effect<void>
): Effect.Effect<never, KafkaError | CodecError, Kafka> => {
  const { changed, failures, leaders, plan, state } = context

  const readOn = (scanned: bigint): Effect.Effect<bigint, KafkaError | CodecError, Kafka> =>
    Effect.gen(function*() {
      yield* roomIn(state, room)
      const page = yield* readLogPatiently(leaders, plan, state.position)
      const unusable: Array<RestoreFailure> = []
      const { position } = state
      // Without a pause up to the new position: a target that catches up must not come between.
      for (const record of page.records) {
        if (record.offset >= scanned) break
        const failure = takeIn(context, planPartitions, record)
        if (failure !== undefined) unusable.push(failure)
      }
      state.position = page.next < scanned ? page.next : scanned
      for (const failure of unusable) yield* failures.add(plan, failure)
      if (page.next === position) yield* Effect.sleep(idle)
      changed()
      return state.position
    })

  return Effect.forever(Effect.gen(function*() {
    const scanned = yield* scanPlan(context, state.position)
    if (scanned <= state.position) return yield* Effect.zipRight(readToEnd, Effect.sleep(idle))
    while (state.position < scanned) yield* readOn(scanned)
  }))
}

/**
 * Reads the entries of one target again that it did not get while it had failed, until there is
 * nothing that it is behind.
 */
export const catchUp = (
  context: PlanContext,
  planPartitions: number,
  target: Target,
  room: Changes
): Effect.Effect<void, KafkaError | CodecError, Kafka> =>
  Effect.suspend(() => {
    const { changed, leaders, plan, state } = context
    const { behind } = target
    if (behind === undefined || target.failure !== undefined) return Effect.void
    if (behind >= state.position) {
      target.behind = undefined
      return Effect.void
    }
    return roomIn(state, room).pipe(
      Effect.zipRight(readLogPatiently(leaders, plan, behind)),
      Effect.flatMap((page) => {
        // It may have failed again meanwhile.
        if (target.behind !== behind || target.failure !== undefined) return Effect.void
        for (const record of page.records) {
          if (record.offset >= state.position) break
          takeInFor(context, planPartitions, target, record)
        }
        target.behind = page.next < state.position ? page.next : state.position
        changed()
        return catchUp(context, planPartitions, target, room)
      })
    )
  })
