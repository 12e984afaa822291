/** What one run of the backup of consumer groups came to. */
import { Effect, Metric } from "effect"
import {
  groupPositionsBackedUp,
  groupsBackedUp,
  groupsBackupSeconds,
  groupsFailed
} from "../../services/Metrics.ts"

export interface SnapshotRun {
  /** `held` and `refused`: the main object is what it was before. */
  readonly outcome: "replaced" | "held" | "refused"
  /** Every coordinator and group answered. */
  readonly complete: boolean
  /** Groups in the snapshot, share groups left out, those carried over included. */
  readonly groups: number
  /** Positions that the main object has, or would have. */
  readonly positions: number
  /** Positions in partitions that hold no data: they are in the history only. */
  readonly positionsWithoutData: number
  readonly skippedShareGroups: number
  /** Groups whose positions could not be read, known ones of a silent coordinator included. */
  readonly failedGroups: number
  readonly durationMs: number
  /** Where the complete snapshot was kept; `undefined` when none was due, or it failed. */
  readonly historyKey: string | undefined
}

export const showRun = (run: SnapshotRun): Effect.Effect<void> =>
  Effect.all([
    Metric.set(groupsBackedUp, run.groups),
    Metric.set(groupPositionsBackedUp, run.positions + run.positionsWithoutData),
    Metric.set(groupsFailed, run.failedGroups),
    Metric.set(groupsBackupSeconds, run.durationMs / 1000)
  ], { discard: true })
