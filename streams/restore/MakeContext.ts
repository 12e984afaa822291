/** What the parts of one restore share, when it begins. */
import { Effect } from "effect"
import { Progress } from "../../services/Progress.ts"
import { BufferPool } from "../../src/codec/BufferPool.ts"
import type { RestoreRules } from "../../src/domain/Settings.ts"
import { makeByteBudget } from "../ByteBudget.ts"
import type { Leaders } from "../Leaders.ts"
import { makeTurns } from "../Turns.ts"
import { makeFailures } from "./Failures.ts"
import { targetBatchBytes } from "./FileAssembly.ts"
import { makePace } from "./Pace.ts"
import type { RestoreContext } from "./RestoreContext.ts"
import { makeTargetConfigs } from "./TargetConfigs.ts"

/** Target partitions that are worked on at once: more are no faster, and each holds megabytes. */
const targetsAtOnce = 4

/** Bytes of decoded blocks and of batches that are not yet acknowledged. */
const bytesInFlight = 16 * 1024 * 1024

/** Bytes of buffers that are kept for the next batches. */
const idleBufferBytes = 8 * 1024 * 1024

/** With nothing done yet. `emit` is told of each file that is restored. */
export const makeRestoreContext = (
  options: RestoreRules,
  leaders: Leaders,
  emit: RestoreContext["emit"]
): Effect.Effect<RestoreContext> =>
  Effect.map(Progress, (progress) => ({
    options,
    leaders,
    configs: makeTargetConfigs(),
    budget: makeByteBudget(bytesInFlight),
    buffers: new BufferPool(targetBatchBytes, idleBufferBytes),
    slots: makeTurns(targetsAtOnce),
    pace: makePace(options.maxBytesPerSecond),
    failures: makeFailures(),
    progress,
    emit
  }))
