/** What becomes of a group's committed position in the cluster that it is restored to. */
import type { TopicPartition } from "./TopicPartition.ts"

/**
 * `exact`: nothing processed is processed again, nothing unprocessed is skipped. `clamped`: the end
 * of the partition, by the chosen policy. `skipped`: nothing was to be done. `failed`: it stays
 * without a position.
 */
export type PositionStatus = "exact" | "clamped" | "skipped" | "failed"

/** One position of one group: topic and group by their names in the target. */
export interface PositionOutcome extends TopicPartition {
  readonly group: string
  /** Committed in the source. */
  readonly sourceOffset: bigint
  /** Committed in the target, also one that was there before; `undefined` when there is none. */
  readonly targetOffset: bigint | undefined
  readonly status: PositionStatus
  /** A sentence without a full stop; empty only for `exact`. */
  readonly reason: string
  /** Records between the target offset and the end of the partition, where that is known. */
  readonly lag: bigint | undefined
}

/** What can be said now about a position. */
export type Verdict =
  | {
    readonly kind: "at"
    readonly offset: bigint
    readonly status: "exact" | "clamped"
    readonly reason: string
  }
  /** Its place may still come: ask again later. */
  | { readonly kind: "wait"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string }

/** What to do with a position that the target cannot answer. */
export type OnAhead = "wait" | "latest" | "fail"
export type OnMissingTopic = "skip" | "wait" | "fail"
