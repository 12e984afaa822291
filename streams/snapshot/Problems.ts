/** What is said of a snapshot that is not what it should be: as a warning, or as a failure. */
import { Effect, Metric } from "effect"
import { groupSnapshotsHeld } from "../../services/Metrics.ts"
import type { Baseline, Decision } from "./Guard.ts"
import { SnapshotError } from "./SnapshotError.ts"

const time = (ms: number): string => new Date(ms).toISOString()

/** Why this snapshot may not replace the main object now, and what somebody can do. */
export const heldBack = (
  { reason, sinceMs }: Extract<Decision, { kind: "hold" }>,
  baseline: Baseline,
  positions: number,
  shrinkHoldMs: number
): SnapshotError => {
  const before = baseline.kind === "known" ? ` where the one before has ${baseline.positions}` : ""
  const what = reason === "empty"
    ? `this snapshot has no positions${before}`
    : `this snapshot has only ${positions} positions${before}`
  return new SnapshotError({
    reason: "HeldBack",
    message:
      `${what}: it replaces that one if this is still so at ${
        time(sinceMs + shrinkHoldMs)
      }; find out whether the cluster has lost its groups, ` +
      "or replace it at once with -shrink-hold 0"
  })
}

export const otherCluster = (
  location: string,
  mainClusterId: string,
  clusterId: string
): SnapshotError =>
  new SnapshotError({
    reason: "OtherCluster",
    message:
      `the snapshot at ${location} is of cluster ${mainClusterId}, this is cluster ${clusterId}: ` +
      "give another -s3-location, or replace that one with -allow-other-cluster"
  })

/** `missing`: what did not answer, by name. */
export const incomplete = (missing: string): SnapshotError =>
  new SnapshotError({
    reason: "Incomplete",
    message: `the snapshot is incomplete, with what was known before in place of what is missing ` +
      `(${missing}); another run completes it when they answer`
  })

const titles = {
  empty: "snapshot held back",
  shrunk: "snapshot held back",
  other_cluster: "snapshot refused",
  incomplete: "snapshot incomplete"
}

/** Says so in the log, and counts it. */
export const complain = (
  problem: SnapshotError,
  reason: keyof typeof titles
): Effect.Effect<void> =>
  Effect.logWarning(titles[reason]).pipe(
    Effect.annotateLogs({ error: problem.message }),
    Effect.zipRight(Metric.increment(groupSnapshotsHeld(reason)))
  )
