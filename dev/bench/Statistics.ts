/** The little arithmetic of the benchmark. */

/** Of an even number of values the mean of the two in the middle; NaN of none. */
export const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length / 2
  return ((sorted[Math.ceil(half) - 1] ?? NaN) + (sorted[Math.floor(half)] ?? NaN)) / 2
}

export const sum = (values: ReadonlyArray<number>): number =>
  values.reduce((total, value) => total + value, 0)

/** The median of what `figure` says of each item. */
export const medianOf = <A>(items: ReadonlyArray<A>, figure: (item: A) => number): number =>
  median(items.map(figure))

/**
 * Each item's own ratio first, then the median: two figures of one round share what disturbed the
 * machine in it.
 */
export const medianRatio = <A>(
  items: ReadonlyArray<A>,
  figure: (item: A) => number,
  reference: (item: A) => number
): number => median(items.map((item) => figure(item) / reference(item)))
