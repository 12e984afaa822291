/** Finds source offsets in a restored partition, each page serving all that are looked for. */
import { Effect } from "effect"
import type { Page } from "./Page.ts"
import type { Restored, RestoredPartition } from "./Restored.ts"
import { lowerBound, readForward, restoredAt } from "./Restored.ts"
import type { Tail } from "./Tail.ts"

/**
 * A stretch `[from, to)` of the target of which nothing is known but its neighbours: no restored
 * record lies between `below` and `from`, nor between `to` and `above`.
 */
interface Stretch {
  /** Ascending; above the source offset of `below`, at most that of `above`. */
  readonly wanted: BigInt64Array
  readonly from: bigint
  readonly to: bigint
  readonly below: Restored | undefined
  readonly above: Restored
  /** As wide as it may be by now; halves with every look. A wider one is cut in the middle. */
  readonly due: bigint
}

const between = (low: bigint, value: bigint, high: bigint): bigint =>
  value < low ? low : value > high ? high : value

/** Looks that may be wasted on guesses, beyond those that halving alone would take. */
const guesses = 3n

/** Where to look: by interpolation, for as long as that does no worse than halving. */
const probe = ({ above, below, due, from, to, wanted }: Stretch, span: bigint): bigint => {
  const width = to - from
  if (width <= span) return from
  if (width > due) return from + width / 2n
  const middle = wanted[wanted.length >>> 1]!
  const guess = below === undefined
    ? above.target - (above.source - middle)
    : below.target + (middle - below.source) * (above.target - below.target) /
        (above.source - below.source)
  return between(from, guess, to - 1n)
}

/** What a page leaves open of a stretch; what it answers goes into the positions. */
const narrow = (stretch: Stretch, page: Page, positions: Map<bigint, bigint>): Array<Stretch> => {
  const { wanted } = stretch
  const rest = (part: Partial<Stretch>): Stretch => (
    { ...stretch, ...part, due: stretch.due / 2n }
  )
  const [first, last] = [restoredAt(page, 0), restoredAt(page, -1)]
  if (first === undefined || last === undefined) return [rest({ to: page.base })]
  const low = lowerBound(wanted, first.source)
  const high = lowerBound(wanted, last.source + 1n)
  for (const source of wanted.subarray(low, high)) {
    positions.set(source, page.offsets[lowerBound(page.sources, source)]!)
  }
  return [
    rest({ wanted: wanted.subarray(0, low), to: page.base, above: first }),
    rest({ wanted: wanted.subarray(high), from: page.next, below: last })
  ]
}

/** Nothing is left between the neighbours: the one above is the first at or after. */
const settle = (
  { above, below, wanted }: Stretch,
  start: bigint,
  positions: Map<bigint, bigint>
): void => {
  for (const source of wanted) {
    const first = below === undefined && source < above.source
    positions.set(source, first ? start : above.target)
  }
}

/**
 * For each source offset up to that of the last restored record, the target offset of the first
 * restored record at or after it; the start of the partition for one before the first.
 */
export const search = (
  partition: RestoredPartition,
  { last, page }: Tail,
  wanted: ReadonlyArray<bigint>
) =>
  Effect.gen(function*() {
    const positions = new Map<bigint, bigint>()
    const { start } = partition.bounds
    const whole: Stretch = {
      wanted: new BigInt64Array(new Set(wanted)).sort(),
      from: start,
      to: last.target,
      below: undefined,
      above: last,
      due: (last.target - start) << guesses
    }
    const known = lowerBound(whole.wanted, last.source + 1n)
    const open = narrow({ ...whole, wanted: whole.wanted.subarray(0, known) }, page, positions)
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const stretch: Stretch = next
      if (stretch.wanted.length === 0) continue
      if (stretch.from >= stretch.to) settle(stretch, start, positions)
      else {
        const at = probe(stretch, partition.span())
        const read = yield* readForward(partition, at, stretch.to)
        open.push(...narrow(stretch, read, positions))
      }
    }
    return positions
  })
