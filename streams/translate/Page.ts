/** What one fetch tells about a stretch of a restored partition. */
import { Effect } from "effect"
import type { FetchedPartition } from "../../services/Kafka.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import { readFetched } from "../../src/codec/FetchedBatches.ts"
import { nextOffset } from "../../src/codec/RecordBatch.ts"
import { sourceOffsetsIn } from "../../src/codec/SourceOffsets.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import { decoding } from "../Decoding.ts"
import { sourceOffsetHeader } from "../restore/TargetTail.ts"

/** Everything committed in `[base, next)`, also records before the offset asked for. */
export interface Page {
  /** At or before the offset asked for: a batch comes whole. */
  readonly base: bigint
  /** The offset asked for when there is nothing to read yet. */
  readonly next: bigint
  /** Offset of each restored record, ascending. */
  readonly offsets: BigInt64Array
  /** The source offset that each of them carries, ascending too. */
  readonly sources: BigInt64Array
  /** Offset of the last record of each batch, restored or not. */
  readonly lastRecords: ReadonlyArray<bigint>
}

const headerName = Buffer.from(sourceOffsetHeader)

/** `[from, next)` holds no record. */
export const emptyPage = (from: bigint, next: bigint): Page => ({
  base: from,
  next,
  offsets: new BigInt64Array(0),
  sources: new BigInt64Array(0),
  lastRecords: []
})

/** The whole batches of an answer to a fetch from `from` on. */
export const pageOf = (fetched: FetchedPartition, from: bigint): Effect.Effect<Page, CodecError> =>
  Effect.flatMap(readFetched(fetched, 0n), (outcomes) => {
    const [first, last] = [outcomes[0], outcomes.at(-1)]
    if (first === undefined || last === undefined) return Effect.succeed(emptyPage(from, from))
    const { baseOffset } = first.header
    return decoding(topicPartitionName(fetched), () => ({
      // What compaction took in front of the first batch is known to be gone.
      base: baseOffset < from ? baseOffset : from,
      next: nextOffset(last.header),
      ...sourceOffsetsIn(outcomes.filter((outcome) => outcome.kind === "data"), headerName)
    }))
  })
