/** A restored partition as the search sees it: page by page, between its bounds. */
import { Effect } from "effect"
import { KafkaError } from "../../services/Kafka.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import type { Bounds } from "./Bounds.ts"
import type { Page } from "./Page.ts"
import type { SharedFetch } from "./SharedFetch.ts"
import { pageBytes } from "./SharedFetch.ts"

/** A restored record by its offset in the source, and in the target. */
export interface Restored {
  readonly source: bigint
  readonly target: bigint
}

export interface RestoredPartition {
  readonly bounds: Bounds
  readonly page: (from: bigint, bytes: number) => Effect.Effect<Page, KafkaError | CodecError>
  /** Offsets that a page has covered on average. */
  readonly span: () => bigint
}

/** Bytes of the largest page, read where nothing restored is in sight. */
const largestPage = 4 << 20

/** Bytes of the next page after one without a restored record. */
export const wider = (bytes: number): number => Math.min(bytes * 2, largestPage)

/** Position of the first value at or above `bound`, of ascending values. */
export const lowerBound = (values: BigInt64Array, bound: bigint): number => {
  let low = 0
  let high = values.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (values[middle]! < bound) low = middle + 1
    else high = middle
  }
  return low
}

/** The record at that index of a page; negative ones count from the end. */
export const restoredAt = ({ offsets, sources }: Page, index: number): Restored | undefined => {
  const [source, target] = [sources.at(index), offsets.at(index)]
  return source === undefined || target === undefined ? undefined : { source, target }
}

/** What lies outside of the bounds is gone for a consumer, or not there yet. */
const cut = (page: Page, { end, start }: Bounds): Page => {
  if (page.base >= start && page.next <= end) return page
  const [low, high] = [lowerBound(page.offsets, start), lowerBound(page.offsets, end)]
  return {
    base: page.base < start ? start : page.base,
    next: page.next > end ? end : page.next,
    offsets: page.offsets.subarray(low, high),
    sources: page.sources.subarray(low, high),
    lastRecords: page.lastRecords.filter((offset) => offset >= start && offset < end)
  }
}

/** Fails with OFFSET_NOT_AVAILABLE where the log ends before the bound, as after an election. */
export const restoredPartition = (
  fetch: SharedFetch,
  target: TopicPartition,
  bounds: Bounds
): RestoredPartition => {
  let pages = 0n
  let covered = 0n
  return {
    bounds,
    span: () => pages === 0n ? 1n : covered / pages,
    page: (from, bytes) =>
      Effect.flatMap(fetch.read(target, from, bytes), (whole) => {
        const page = cut(whole, bounds)
        if (page.next <= from) {
          return new KafkaError({
            operation: `read at offset ${from}, before the end at ${bounds.end}, of`,
            subject: topicPartitionName(target),
            reason: "OFFSET_NOT_AVAILABLE",
            cause: ""
          })
        }
        pages++
        covered += page.next - page.base
        return Effect.succeed(page)
      })
  }
}

/**
 * All from `from` on up to the first page with a restored record, or up to `to`, as one page. The
 * pages get larger on the way.
 */
export const readForward = (partition: RestoredPartition, from: bigint, to: bigint) =>
  Effect.gen(function*() {
    let bytes = pageBytes
    const first = yield* partition.page(from, bytes)
    let page = first
    while (page.offsets.length === 0 && page.next < to) {
      bytes = wider(bytes)
      page = yield* partition.page(page.next, bytes)
    }
    return { ...page, base: first.base }
  })
