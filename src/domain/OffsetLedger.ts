/**
 * Accounts for every offset of a partition as it is read: a record, or a gap with its reason. What
 * is neither noted as control, aborted nor deleted, and yet holds no record, was compacted away.
 */
import type { GapCounts } from "./FileFacts.ts"
import { noGaps } from "./FileFacts.ts"

export interface OffsetLedger {
  /** Everything below is accounted for. */
  readonly position: bigint
  /** Notes that the offsets up to `next` hold no record, for this reason. */
  readonly skip: (next: bigint, reason: "control" | "aborted" | "deleted") => void
  /** Everything below `next` has been read. */
  readonly advance: (next: bigint) => void
  /**
   * Closes the account of a block: the offsets since the last one, up to `next`, of which
   * `recordCount` hold records. Returns where the block's coverage ends, and its gaps.
   */
  readonly settle: (
    next: bigint,
    recordCount: number
  ) => { readonly coverageNext: bigint; readonly gaps: GapCounts }
  /** The account of what lies behind the last block; `undefined` when nothing does. */
  readonly settleTail: () =>
    | { readonly coverageNext: bigint; readonly gaps: GapCounts }
    | undefined
}

export const makeOffsetLedger = (start: bigint): OffsetLedger => {
  let position = start
  let settled = start
  let noted = { control: 0, aborted: 0, deleted: 0 }

  const settle: OffsetLedger["settle"] = (next, recordCount) => {
    // What was noted lies in front of the batch being read, so it belongs to this block.
    const coverageNext = next > position ? next : position
    const holes = Number(coverageNext - settled) - recordCount
    const known = noted.control + noted.aborted + noted.deleted
    const gaps = { ...noGaps, ...noted, compacted: Math.max(0, holes - known) }
    noted = { control: 0, aborted: 0, deleted: 0 }
    settled = coverageNext
    return { coverageNext, gaps }
  }

  return {
    get position() {
      return position
    },
    skip: (next, reason) => {
      if (next <= position) return
      noted[reason] += Number(next - position)
      position = next
    },
    advance: (next) => {
      if (next > position) position = next
    },
    settle,
    settleTail: () => position > settled ? settle(position, 0) : undefined
  }
}
