/** Decides whether a new snapshot may take the place of the main object. Pure. */

/** What a new snapshot is compared with. */
export type Baseline =
  /** There is no main object. */
  | { readonly kind: "none" }
  /** There is one, or there may be one, and what it holds cannot be known. */
  | { readonly kind: "unknown" }
  | {
    readonly kind: "known"
    /** `undefined`: the main object does not say; the original's never do. */
    readonly clusterId: string | undefined
    readonly positions: number
  }

export interface Candidate {
  readonly clusterId: string
  /** Counted as in the baseline: without partitions that hold no data. */
  readonly positions: number
}

export interface GuardRules {
  /** Milliseconds that an empty or shrunk snapshot must hold before it counts; 0: none. */
  readonly shrinkHoldMs: number
  readonly allowOtherCluster: boolean
}

export type Decision =
  | {
    readonly kind: "replace"
    /** It is empty or shrunk, and has held for long enough. */
    readonly afterHold: boolean
  }
  | {
    readonly kind: "hold"
    /** `shrunk`: fewer than half of the positions are left. */
    readonly reason: "empty" | "shrunk"
    /** When the first of the unbroken run of held snapshots was taken. */
    readonly sinceMs: number
  }
  | { readonly kind: "refuse"; readonly mainClusterId: string }

const loss = (baseline: Baseline, positions: number): "empty" | "shrunk" | undefined => {
  if (baseline.kind === "none") return undefined
  if (baseline.kind === "unknown") return positions === 0 ? "empty" : undefined
  if (positions * 2 >= baseline.positions) return undefined
  return positions === 0 ? "empty" : "shrunk"
}

/**
 * `heldSinceMs`: when the unbroken run of held snapshots began that this one would continue;
 * `undefined` when there is none. A snapshot of another cluster is refused for as long as the
 * rules say, whatever it holds.
 */
export const decide = (
  baseline: Baseline,
  candidate: Candidate,
  rules: GuardRules,
  heldSinceMs: number | undefined,
  nowMs: number
): Decision => {
  if (
    baseline.kind === "known" && baseline.clusterId !== undefined &&
    baseline.clusterId !== candidate.clusterId && !rules.allowOtherCluster
  ) {
    return { kind: "refuse", mainClusterId: baseline.clusterId }
  }
  const reason = loss(baseline, candidate.positions)
  if (reason === undefined) return { kind: "replace", afterHold: false }
  const sinceMs = heldSinceMs ?? nowMs
  return nowMs - sinceMs >= rules.shrinkHoldMs
    ? { kind: "replace", afterHold: true }
    : { kind: "hold", reason, sinceMs }
}
