/** Asks whether a target that holds restored records was restored from the archive at hand. */
import { Effect } from "effect"
import type { Kafka } from "../../services/Kafka.ts"
import type { PlannedFile } from "../../src/domain/Plan.ts"
import { Origin } from "./Origin.ts"
import { RestoreFailure } from "./Outcome.ts"
import type { PlanEntry, Target } from "./PlanState.ts"
import type { PlanContext } from "./RestoreContext.ts"
import { readRestoredEnds } from "./TargetTail.ts"

/** The entry begins the target's plan, and not for the second time. */
export const begins = (target: Target, { content }: PlanEntry): boolean =>
  "key" in content && content.index === 1 && content.key !== target.begun

/**
 * Reads from the target what the archive is compared with. Everything before the file is
 * acknowledged: the target holds restored records up to `restoredThrough`, -1 for none.
 */
export const askOrigin = (
  { leaders }: PlanContext,
  target: Target,
  { archive, key }: PlannedFile,
  from: bigint,
  restoredThrough: bigint
): Effect.Effect<void, RestoreFailure, Kafka> =>
  Effect.gen(function*() {
    const { partition } = target
    const restored = restoredThrough < 0n ? [] : yield* readRestoredEnds(leaders, partition).pipe(
      Effect.mapError((error) => new RestoreFailure({ partition, reason: error.message }))
    )
    const { firstOffset } = archive
    const options = { from, firstOffset, lastSourceOffset: restoredThrough, restored }
    target.begun = key
    target.origin = restoredThrough < 0n ? undefined : new Origin(options)
  })
