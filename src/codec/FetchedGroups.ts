/** The batches of a fetched partition, a few at a time: the next are decompressed meanwhile. */
import { Effect } from "effect"
import type { CodecError } from "./CodecError.ts"
import type { BatchOutcome, Decision, FetchedRecords } from "./FetchedBatches.ts"
import { decideBatches, freeBatches, readBatches } from "./FetchedBatches.ts"
import { nextOffset } from "./RecordBatch.ts"

/**
 * Fetched bytes of a group, at least: thousands of small batches are handed on together, of large
 * ones no more are decompressed than are worked on.
 */
const groupBytes = 256 << 10

const groupsOf = (
  decisions: ReadonlyArray<Decision>
): ReadonlyArray<ReadonlyArray<Decision>> => {
  const groups: Array<Array<Decision>> = []
  let bytes = groupBytes
  for (const decision of decisions) {
    if (bytes >= groupBytes) {
      groups.push([])
      bytes = 0
    }
    groups.at(-1)?.push(decision)
    bytes += decision.header.end - decision.header.position
  }
  return groups
}

/**
 * Hands the whole batches that reach beyond `from` to `take`, in offset order, and frees what was
 * decompressed of them when it has returned. Fails with a `CodecError` as `readFetched` does, but
 * with everything in front of the damaged batch taken. When it ends, nothing reads
 * `fetched.records` any more.
 */
export const takeInGroups = <E, R>(
  fetched: FetchedRecords,
  from: bigint,
  take: (outcomes: ReadonlyArray<BatchOutcome>) => Effect.Effect<void, E, R>
): Effect.Effect<void, E | CodecError, R> =>
  Effect.gen(function*() {
    const decided = yield* Effect.promise(() => decideBatches(fetched))
    const groups = groupsOf(decided.read.filter(({ header }) => nextOffset(header) > from))
    const begin = (at: number) => readBatches(fetched, groups[at] ?? [])
    let next = begin(0)
    const takeAll = Effect.gen(function*() {
      for (let at = 0; at < groups.length; at++) {
        const { error, read } = yield* Effect.promise(() => next)
        if (error === undefined) next = begin(at + 1)
        yield* Effect.ensuring(take(read), Effect.sync(() => freeBatches(read)))
        if (error !== undefined) return yield* error
      }
      if (decided.error !== undefined) return yield* decided.error
    })
    // Whoever stops early leaves a group behind, on which the thread pool is at work.
    const leave = Effect.map(Effect.promise(() => next), ({ read }) => freeBatches(read))
    yield* Effect.ensuring(takeAll, leave)
  })
