/**
 * From a fetched partition's bytes to what its batches are: data, uncompressed, or offsets without
 * any, being control or aborted. What the Java consumer delivers under read_committed, is data.
 */
import { Effect } from "effect"
import type { Buffer } from "node:buffer"
import { type TopicPartition, topicPartitionName } from "../domain/TopicPartition.ts"
import { AbortedProducers, type AbortedTransactionStart } from "./AbortedProducers.ts"
import { CodecError, corrupt, truncated } from "./CodecError.ts"
import { codecFailure, decompressBytes } from "./Compression.ts"
import { controlType } from "./ControlRecord.ts"
import { freeBytes } from "./FreeBytes.ts"
import {
  type BatchHeader,
  batchPlace,
  nextOffset,
  readBatchHeader,
  recordSection,
  verifyCrc
} from "./RecordBatch.ts"

export interface DataBatch {
  readonly header: BatchHeader
  /** The uncompressed record section; of an uncompressed batch a view of the fetched bytes. */
  readonly records: Buffer
}

export type BatchOutcome =
  | ({ readonly kind: "data" } & DataBatch)
  | { readonly kind: "control" | "aborted"; readonly header: BatchHeader }

/** Gives back what was decompressed for these; their records must not be read any more. */
export const freeBatches = (outcomes: ReadonlyArray<BatchOutcome>): void => {
  for (const outcome of outcomes) {
    if (outcome.kind === "data" && outcome.header.compression !== "none") freeBytes(outcome.records)
  }
}

export interface FetchedRecords extends TopicPartition {
  readonly records: Buffer
  /** In any order; empty when everything is to be read (read_uncommitted). */
  readonly aborted: ReadonlyArray<AbortedTransactionStart>
}

/** Every whole batch, its checksum verified, in offset order. Throws `CodecError`. */
const wholeBatches = (fetched: FetchedRecords): ReadonlyArray<BatchHeader> => {
  const { records } = fetched
  const headers: Array<BatchHeader> = []
  let at = 0
  let next = 0n
  for (;;) {
    const header = readBatchHeader(records, at, fetched)
    if (header === undefined) break
    verifyCrc(records, header, fetched)
    // Base offset and leader epoch are not under the checksum.
    if (header.baseOffset < next) {
      throw corrupt(`${batchPlace(fetched, header)}: it follows offset ${next - 1n}`)
    }
    headers.push(header)
    at = header.end
    next = nextOffset(header)
  }
  if (headers.length === 0 && records.length > 0) {
    // Since fetch version 3 the first batch comes whole whatever its size (KIP-74).
    throw truncated(`${topicPartitionName(fetched)}: ${records.length} bytes without a whole batch`)
  }
  return headers
}

/** Uncompressed. The failures of a codec, and of reading what came out, name the batch. */
const readSection = async <A>(
  fetched: FetchedRecords,
  header: BatchHeader,
  read: (records: Buffer) => A
): Promise<A> => {
  const stored = recordSection(fetched.records, header)
  try {
    return read(stored.length === 0 ? stored : await decompressBytes(header.compression, stored))
  } catch (error) {
    throw codecFailure(error, batchPlace(fetched, header))
  }
}

interface Decision {
  readonly header: BatchHeader
  readonly kind: BatchOutcome["kind"]
}

/** Of every whole batch, in offset order, those below `from` too: they may hold a marker. */
const decide = async (fetched: FetchedRecords): Promise<ReadonlyArray<Decision>> => {
  const producers = new AbortedProducers(fetched.aborted)
  const decisions: Array<Decision> = []
  for (const header of wholeBatches(fetched)) {
    const idempotent = header.producerId >= 0n
    if (idempotent) producers.advance(header)
    if (!header.control) {
      const aborted = idempotent && producers.has(header)
      decisions.push({ header, kind: aborted ? "aborted" : "data" })
      continue
    }
    decisions.push({ header, kind: "control" })
    if (!idempotent || header.recordCount === 0) continue
    const type = await readSection(fetched, header, controlType)
    if (type === "abort") producers.end(header.producerId)
  }
  return decisions
}

const outcome = (
  fetched: FetchedRecords,
  { header, kind }: Decision
): BatchOutcome | Promise<BatchOutcome> => {
  if (kind !== "data") return { kind, header }
  return header.compression === "none"
    ? { kind, header, records: recordSection(fetched.records, header) }
    : readSection(fetched, header, (records) => ({ kind, header, records }))
}

/**
 * The whole batches that reach beyond `from`, in offset order; a cut one at the end is left for
 * the next fetch. Batches without records (compaction leaves them) are data. A control or aborted
 * batch is never decompressed as data. Fails with `CodecError`: Corrupt on a checksum, length or
 * order that does not hold, Truncated on bytes without any whole batch, Unsupported as
 * `readBatchHeader`. `fetched.records` must not change while the outcomes are in use;
 * after a failure nothing reads it any more.
 */
export const readFetched = (
  fetched: FetchedRecords,
  from: bigint
): Effect.Effect<ReadonlyArray<BatchOutcome>, CodecError> =>
  Effect.tryPromise({
    try: async () => {
      const decisions = await decide(fetched)
      const wanted = decisions.filter(({ header }) => nextOffset(header) > from)
      const read = await Promise.allSettled(wanted.map((decision) => outcome(fetched, decision)))
      return read.map((one) => {
        if (one.status === "rejected") throw one.reason
        return one.value
      })
    },
    catch: (error) =>
      error instanceof CodecError ? error : codecFailure(error, topicPartitionName(fetched))
  })
