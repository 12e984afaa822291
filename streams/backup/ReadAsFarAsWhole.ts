/** What a damaged batch does not spoil: everything in front of it. */
import { Effect, Either } from "effect"
import type { FetchedPartition } from "../../services/Kafka.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import type { BatchOutcome } from "../../src/codec/FetchedBatches.ts"
import { readFetched } from "../../src/codec/FetchedBatches.ts"
import { readBatchHeader } from "../../src/codec/RecordBatch.ts"

export interface ReadBatches {
  readonly batches: ReadonlyArray<BatchOutcome>
  /** What is wrong with the batch behind them. */
  readonly error: CodecError | undefined
}

/** Where each batch ends, as far as headers can be read. */
const batchEnds = (fetched: FetchedPartition): ReadonlyArray<number> => {
  const ends: Array<number> = []
  try {
    for (let at = 0;;) {
      const header = readBatchHeader(fetched.records, at, fetched)
      if (header === undefined) return ends
      ends.push(at = header.end)
    }
  } catch {
    return ends
  }
}

/** `from`: as for `readFetched`. */
export const readAsFarAsWhole = (
  fetched: FetchedPartition,
  from: bigint
): Effect.Effect<ReadBatches> =>
  Effect.gen(function*() {
    const whole = yield* Effect.either(readFetched(fetched, from))
    if (Either.isRight(whole)) return { batches: whole.right, error: undefined }
    // With the damaged batch no prefix can be read, without it every one: so halving finds it.
    const ends = batchEnds(fetched)
    let batches: ReadonlyArray<BatchOutcome> = []
    let good = 0
    for (let bad = ends.length + 1; bad - good > 1;) {
      const middle = (good + bad) >> 1
      const records = fetched.records.subarray(0, ends[middle - 1])
      const part = yield* Effect.either(readFetched({ ...fetched, records }, from))
      if (Either.isLeft(part)) bad = middle
      else [good, batches] = [middle, part.right]
    }
    return { batches, error: whole.left }
  })
