/**
 * The order of a partition's files in the plan: each follows its predecessor by its index, or was
 * there before. A file that came late to the archive may begin in front of its predecessors, when
 * these account for all that is to be passed over of it.
 */
import type { FileFacts } from "../../src/domain/FileFacts.ts"
import type { PlannedFile } from "../../src/domain/Plan.ts"

const remedy = "plan into another plan topic"

/**
 * What is wrong with the file coming now, if anything. `last`: highest index seen in this run, 0 for
 * none. `complete`: the plan was read from its start.
 */
export const disorderOf = (last: number, index: number, complete: boolean): string | undefined => {
  if (last === 0) {
    return index === 1 || !complete
      ? undefined
      : `the plan is out of order: its first file for the partition has index ${index}, not 1; ${remedy}`
  }
  return index > last + 1
    ? `the plan is out of order: index ${index} follows index ${last}; ${remedy}`
    : undefined
}

/** Source offsets that the files of this run account for without a hole. */
export interface Covered {
  /** Of the last file in plan order. */
  readonly index: number
  readonly from: bigint
  /** The offset after the last; `undefined`: not known, as of a file that records no facts. */
  readonly next: bigint | undefined
}

/** With this file; a hole in front of it begins anew. One that comes again changes nothing. */
export const coveredWith = (
  covered: Covered | undefined,
  { archive: { firstOffset }, index }: PlannedFile,
  facts: FileFacts | undefined
): Covered => {
  const { coverageNext: end, coverageStart: start = firstOffset } = facts ?? {}
  if (covered === undefined) {
    // Before the first file of this run everything counts: that was another run's work.
    return { index, from: index === 1 ? firstOffset : -1n, next: end }
  }
  const { from, next } = covered
  if (index <= covered.index) return covered
  if (next === undefined || end === undefined) return { index, from, next: undefined }
  return start > next
    ? { index, from: start, next: end }
    : { index, from, next: end > next ? end : next }
}

/** What is wrong with a file that would be passed over where no file before it has its records. */
export const setbackOf = (
  covered: Covered | undefined,
  { archive: { firstOffset }, index }: PlannedFile
): string | undefined =>
  covered === undefined || index <= covered.index || firstOffset >= covered.from
    ? undefined
    : `the plan is out of order: index ${index} begins at source offset ${firstOffset}, ` +
      `its predecessors at ${covered.from}; ${remedy}`
