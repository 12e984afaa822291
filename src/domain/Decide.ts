/** The rule by which a committed position gets its place in a restored partition. */
import type { OnAhead, Verdict } from "./Translation.ts"

/** What was found in the target partition. */
export interface LocatedFacts {
  /** Log start offset. */
  readonly start: bigint
  /** Last stable offset. */
  readonly end: bigint
  /** The last restored record; `undefined` when there is none. */
  readonly last: { readonly source: bigint; readonly target: bigint } | undefined
  /** Where somebody continues who has processed every restored record. */
  readonly afterLast: bigint
  /** For each committed offset up to the last restored one: the place in the target. */
  readonly positions: ReadonlyMap<bigint, bigint>
}

/** Whether any archived record lies between the last restored record and the committed offset. */
export type ArchiveAnswer = "unknown" | "holds" | "none"

/** Whether files of the partition are planned and not restored yet; `done`: none is. */
export type PlanAnswer = "unknown" | "pending" | "done"

/**
 * Archive and plan must be asked so that the answers hold for this `located`: the plan before the
 * target was looked at, the archive with the last restored record that was found there.
 */
export interface DecideInput {
  /** Source offset of the next record to process. */
  readonly committed: bigint
  readonly located: LocatedFacts
  readonly archive: ArchiveAnswer
  readonly plan: PlanAnswer
  /** Decides only when neither archive nor plan is known. */
  readonly onAhead: OnAhead
  /** There is no later: what would have to wait fails. */
  readonly once: boolean
}

const exact = (offset: bigint): Verdict => ({ kind: "at", offset, status: "exact", reason: "" })

const restoredThrough = ({ last }: LocatedFacts): string =>
  last === undefined ? "nothing is restored yet" : `restored up to source offset ${last.source}`

/** A committed offset behind everything that is restored, with offsets between. */
const decideAhead = (
  { archive, committed, located, onAhead, once, plan: told }: DecideInput
): Verdict => {
  // Nothing restored where all is said to be: the plan was restored to another topic.
  const plan = told === "done" && located.last === undefined ? "unknown" : told
  const where = `${restoredThrough(located)}, committed ${committed}`
  const clamped = (reason: string): Verdict => (
    { kind: "at", offset: located.afterLast, status: "clamped", reason }
  )
  const later = (reason: string, advice: string): Verdict =>
    once ? { kind: "failed", reason: `${reason}; ${advice}` } : { kind: "wait", reason }
  const restoreFirst = "run topics-restore to its end first"

  if (archive === "none") return exact(located.afterLast)
  if (archive === "holds") {
    const held = "the archive holds records before the committed offset that are not restored"
    return plan === "done"
      ? clamped(`${held}, and no file of the plan will bring them (${where})`)
      : later(`${held} yet (${where})`, restoreFirst)
  }
  if (plan === "done") return exact(located.afterLast)
  if (plan === "pending") {
    return later(
      `files of this partition are planned and not restored yet (${where})`,
      restoreFirst
    )
  }
  const ahead = `the committed offset is ahead of what is restored (${where})`
  const unsure = `${ahead}, and nothing says whether more comes`
  const advice = "give -s3-prefix, -plan-topic or -on-ahead latest"
  switch (onAhead) {
    case "wait":
      return later(unsure, advice)
    case "latest":
      return clamped(
        `${ahead}; it is put behind the last restored record, as -on-ahead latest says`
      )
    case "fail":
      return { kind: "failed", reason: `${unsure}; ${advice}` }
  }
}

/**
 * The place of a committed position, or that there is none now. `exact`: no record before the place
 * is unprocessed, none behind it is processed, also after the rest is restored. `clamped`: the
 * former alone is sure.
 */
export const decide = (input: DecideInput): Verdict => {
  const { committed, located } = input
  const last = located.last?.source ?? -1n
  // Nothing can lie between: the committed record is the first that is not restored.
  if (committed === last + 1n) return exact(located.afterLast)
  if (committed > last) return decideAhead(input)
  const place = located.positions.get(committed)
  return place === undefined
    ? { kind: "failed", reason: `source offset ${committed} was not looked up in the target` }
    : exact(place)
}
