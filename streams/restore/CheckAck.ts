/** Checks that what the broker says it has done is what was asked of it. */
import { Effect } from "effect"
import type { Kafka, ProduceAck } from "../../services/Kafka.ts"
import type { Leaders } from "../Leaders.ts"
import { RestoreFailure } from "./Outcome.ts"
import type { Target, TargetPosition } from "./PlanState.ts"
import { holdsNoData } from "./TargetTail.ts"

const failed = (target: Target, reason: string) =>
  new RestoreFailure({ partition: target.partition, reason })

/**
 * Advances the position over an acknowledged batch. Fails when the target rewrites timestamps, or
 * when the batch does not follow its predecessor: then somebody else writes to the target. Only
 * the markers of takeovers and transactions may lie between.
 */
export const checkAck = (
  leaders: Leaders,
  target: Target,
  position: TargetPosition,
  recordCount: number,
  ack: ProduceAck
): Effect.Effect<void, RestoreFailure, Kafka> =>
  Effect.gen(function*() {
    const { expected } = position
    if (ack.logAppendTimeMs !== -1n) {
      return yield* failed(target, "the target rewrites timestamps (LogAppendTime)")
    }
    // A duplicate that the broker has forgotten the offset of.
    const base = ack.baseOffset < 0n ? expected : ack.baseOffset
    position.expected = base + BigInt(recordCount)
    if (base === expected) return
    const others =
      `somebody else writes to the target: a batch went to offset ${base} instead of ${expected}`
    if (base < expected) return yield* failed(target, others)
    const onlyMarkers = yield* holdsNoData(leaders, target.partition, expected, base).pipe(
      Effect.mapError((error) =>
        failed(target, `could not look at offsets ${expected} to ${base}: ${error.message}`)
      )
    )
    if (!onlyMarkers) return yield* failed(target, others)
  })
