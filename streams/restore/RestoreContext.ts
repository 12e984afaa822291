/** What the parts of one restore share. */
import type { Effect } from "effect"
import type { ProgressCounters } from "../../services/Progress.ts"
import type { BufferPool } from "../../src/codec/BufferPool.ts"
import type { RestoreRules } from "../../src/domain/Settings.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import type { ByteBudget } from "../ByteBudget.ts"
import type { Leaders } from "../Leaders.ts"
import type { Turns } from "../Turns.ts"
import type { Failures } from "./Failures.ts"
import type { Fencing } from "./Fencing.ts"
import type { RestoredFile } from "./Outcome.ts"
import type { Pace } from "./Pace.ts"
import type { PlannedFiles } from "./PlannedFiles.ts"
import type { PlanState } from "./PlanState.ts"
import type { TargetConfigs } from "./TargetConfigs.ts"

export interface RestoreContext {
  readonly options: RestoreRules
  readonly leaders: Leaders
  readonly configs: TargetConfigs
  readonly budget: ByteBudget
  /** Batches are assembled in these. */
  readonly buffers: BufferPool
  /** One turn for each target partition that is worked on. */
  readonly slots: Turns
  readonly pace: Pace
  readonly failures: Failures
  readonly progress: ProgressCounters
  readonly emit: (file: RestoredFile) => Effect.Effect<void>
}

/** The same for the parts that work on one plan partition. */
export interface PlanContext extends RestoreContext {
  readonly plan: TopicPartition
  readonly state: PlanState
  readonly planned: PlannedFiles
  readonly fencing: Fencing
  /** Whether the plan partition is still this member's. */
  readonly owned: Effect.Effect<boolean>
  /** The plan is read from its very first record on. */
  readonly complete: boolean
  /** Something changed that others may wait for: entries finished, added, or a target free. */
  readonly changed: () => void
}
