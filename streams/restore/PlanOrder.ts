/** The order of a partition's files in the plan: each follows its predecessor, or was there before. */
import type { PlannedFile } from "../../src/domain/Plan.ts"

export interface PlanOrder {
  /** Of the last file; 0 when none has been seen in this run. */
  readonly index: number
  readonly firstOffset: bigint
}

const remedy = "plan into another plan topic"

export const noOrder: PlanOrder = { index: 0, firstOffset: -1n }

/** What is wrong with the file coming now, if anything. `complete`: the plan was read from its start. */
export const disorderOf = (
  order: PlanOrder,
  file: PlannedFile,
  complete: boolean
): string | undefined => {
  const { archive: { firstOffset }, index } = file
  if (order.index === 0) {
    return index === 1 || !complete
      ? undefined
      : `the plan is out of order: its first file for the partition has index ${index}, not 1; ${remedy}`
  }
  if (index > order.index + 1) {
    return `the plan is out of order: index ${index} follows index ${order.index}; ${remedy}`
  }
  const follows = index === order.index + 1
  if (follows && firstOffset < order.firstOffset) {
    return `the plan is out of order: index ${index} begins at source offset ${firstOffset}, ` +
      `its predecessor at ${order.firstOffset}; ${remedy}`
  }
  return undefined
}

/** The order after this file. */
export const orderAfter = (order: PlanOrder, file: PlannedFile): PlanOrder =>
  file.index <= order.index ? order : { index: file.index, firstOffset: file.archive.firstOffset }
