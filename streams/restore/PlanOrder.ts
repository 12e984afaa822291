/**
 * The order of a partition's files in the plan: each follows its predecessor by its index, or was
 * there before. Source offsets say nothing: a file that came late to the archive may begin in front
 * of its predecessor, and continues it.
 */

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
