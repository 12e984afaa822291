/** The book of one pass: what became of each position that it was given. */
import { isRetriable, type KafkaErrorName } from "../../src/codec/kafka/ErrorCodes.ts"
import type { PositionOutcome } from "../../src/domain/Translation.ts"
import type { Wanted } from "./Wanted.ts"

/** A place in the target partition that is right for a position. */
export interface Place {
  readonly offset: bigint
  readonly status: "exact" | "clamped"
  readonly reason: string
  /** Where the target partition ended when the place was found. */
  readonly end: bigint
}

/** A place as it is committed. */
export interface Sent extends Place {
  readonly metadata: string | null
}

/** A position without an outcome. */
export interface Open extends Wanted {
  /** Sent to the coordinator by this run: committed perhaps, but not confirmed. */
  sent: Sent | undefined
}

/** `existing`: the target had an offset already; `missing`: the target lacks the partition. */
export type Settlement = "restored" | "existing" | "missing" | "failed"

export interface Settled {
  readonly open: Open
  readonly how: Settlement
  readonly outcome: PositionOutcome
}

export interface Waiting {
  readonly open: Open
  readonly reason: string
  /** `choice`: by the policy, for what may still come; `trouble`: something is in the way. */
  readonly because: "choice" | "trouble"
}

export interface Book {
  readonly settled: Array<Settled>
  readonly waiting: Array<Waiting>
  /** How many of the settled ones have been taken out by `untold`. */
  told: number
}

export const newBook = (): Book => ({ settled: [], waiting: [], told: 0 })

/** What was settled since the last call. */
export const untold = (book: Book): ReadonlyArray<Settled> => {
  const fresh = book.settled.slice(book.told)
  book.told = book.settled.length
  return fresh
}

const settle = (
  book: Book,
  open: Open,
  how: Settlement,
  { reason, status, targetOffset, end }:
    & Pick<PositionOutcome, "reason" | "status" | "targetOffset">
    & { readonly end?: bigint | undefined }
): void => {
  const known = targetOffset !== undefined && end !== undefined
  book.settled.push({
    open,
    how,
    outcome: {
      ...open.target,
      group: open.group.target,
      sourceOffset: open.committed.offset,
      targetOffset,
      status,
      reason,
      lag: known ? (end > targetOffset ? end - targetOffset : 0n) : undefined
    }
  })
}

export const restored = (book: Book, open: Open, place: Place): void =>
  settle(book, open, "restored", { ...place, targetOffset: place.offset })

export const existing = (
  book: Book,
  open: Open,
  offset: bigint,
  end: bigint | undefined
): void =>
  settle(book, open, "existing", {
    targetOffset: offset,
    status: "skipped",
    reason: `already at offset ${offset}`,
    end
  })

export const missing = (book: Book, open: Open, reason: string): void =>
  settle(book, open, "missing", { targetOffset: undefined, status: "skipped", reason })

/** Stays without a position. */
export const fail = (book: Book, open: Open, reason: string): void =>
  settle(book, open, "failed", { targetOffset: undefined, status: "failed", reason })

export const wait = (
  book: Book,
  open: Open,
  because: Waiting["because"],
  reason: string
): void => {
  book.waiting.push({ open, reason, because })
}

/** What can succeed later is tried again, anything else has failed. */
export const refuse = (book: Book, open: Open, error: KafkaErrorName, reason: string): void =>
  isRetriable(error) ? wait(book, open, "trouble", reason) : fail(book, open, reason)
