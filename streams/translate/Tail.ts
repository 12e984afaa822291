/** The last restored record of a partition, and what lies behind it. */
import { Effect } from "effect"
import type { Page } from "./Page.ts"
import type { Restored, RestoredPartition } from "./Restored.ts"
import { restoredAt, wider } from "./Restored.ts"
import { pageBytes } from "./SharedFetch.ts"

export interface Tail {
  readonly last: Restored
  /** The page that holds it. */
  readonly page: Page
  /** A record of somebody else comes after it. */
  readonly followed: boolean
}

/** Each step back is this many times as far as all before. */
const stride = 4n

/** `undefined`: nothing in the partition was restored, and all of it has been read. */
export const findTail = (partition: RestoredPartition) =>
  Effect.gen(function*() {
    const { end, start } = partition.bounds
    let upper = end
    let width = 1n
    let bytes = pageBytes
    let lastRecord = -1n
    while (upper > start) {
      const lower = upper - width > start ? upper - width : start
      let base: bigint | undefined
      let found: Page | undefined
      for (let at = lower; at < upper;) {
        const page: Page = yield* partition.page(at, bytes)
        const last = page.lastRecords.at(-1)
        if (last !== undefined && last > lastRecord) lastRecord = last
        if (page.offsets.length > 0) found = page
        else bytes = wider(bytes)
        base ??= page.base
        at = page.next
      }
      const last = found && restoredAt(found, -1)
      if (found !== undefined && last !== undefined) {
        return { last, page: found, followed: lastRecord > last.target }
      }
      upper = base ?? lower
      width *= stride
    }
    return undefined
  })
