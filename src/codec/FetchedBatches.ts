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

const failure = (fetched: FetchedRecords, error: unknown): CodecError =>
  error instanceof CodecError ? error : codecFailure(error, topicPartitionName(fetched))

/** Something in offset order, up to what cannot be read. */
interface AsFarAsWhole<A> {
  readonly read: ReadonlyArray<A>
  readonly error: CodecError | undefined
}

/** Every whole batch, its checksum verified, in offset order. */
const wholeBatches = (fetched: FetchedRecords): AsFarAsWhole<BatchHeader> => {
  const { records } = fetched
  const read: Array<BatchHeader> = []
  let at = 0
  let next = 0n
  try {
    for (;;) {
      const header = readBatchHeader(records, at, fetched)
      if (header === undefined) break
      verifyCrc(records, header, fetched)
      // Base offset and leader epoch are not under the checksum.
      if (header.baseOffset < next) {
        throw corrupt(`${batchPlace(fetched, header)}: it follows offset ${next - 1n}`)
      }
      read.push(header)
      at = header.end
      next = nextOffset(header)
    }
    if (read.length === 0 && records.length > 0) {
      // Since fetch version 3 the first batch comes whole whatever its size (KIP-74).
      throw truncated(
        `${topicPartitionName(fetched)}: ${records.length} bytes without a whole batch`
      )
    }
    return { read, error: undefined }
  } catch (error) {
    return { read, error: failure(fetched, error) }
  }
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

/** What a batch is, before it is decompressed. */
export interface Decision {
  readonly header: BatchHeader
  readonly kind: BatchOutcome["kind"]
}

/**
 * What each whole batch is, in offset order, up to the first that cannot be trusted, which `error`
 * names. Those below the offset that was asked for are among them: they may hold a marker.
 */
export const decideBatches = async (fetched: FetchedRecords): Promise<AsFarAsWhole<Decision>> => {
  const producers = new AbortedProducers(fetched.aborted)
  const read: Array<Decision> = []
  const whole = wholeBatches(fetched)
  for (const header of whole.read) {
    const idempotent = header.producerId >= 0n
    if (idempotent) producers.advance(header)
    if (!header.control) {
      const aborted = idempotent && producers.has(header)
      read.push({ header, kind: aborted ? "aborted" : "data" })
      continue
    }
    if (idempotent && header.recordCount > 0) {
      try {
        const type = await readSection(fetched, header, controlType)
        if (type === "abort") producers.end(header.producerId)
      } catch (error) {
        return { read, error: failure(fetched, error) }
      }
    }
    read.push({ header, kind: "control" })
  }
  return { read, error: whole.error }
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

/** These batches, decompressed, up to the first that cannot be, which `error` names. */
export const readBatches = async (
  fetched: FetchedRecords,
  decisions: ReadonlyArray<Decision>
): Promise<AsFarAsWhole<BatchOutcome>> => {
  const all = await Promise.allSettled(decisions.map((decision) => outcome(fetched, decision)))
  const read: Array<BatchOutcome> = []
  for (const one of all) {
    if (one.status === "rejected") return { read, error: failure(fetched, one.reason) }
    read.push(one.value)
  }
  return { read, error: undefined }
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
  Effect.gen(function*() {
    const decided = yield* Effect.promise(() => decideBatches(fetched))
    if (decided.error !== undefined) return yield* decided.error
    const wanted = decided.read.filter(({ header }) => nextOffset(header) > from)
    const { error, read } = yield* Effect.promise(() => readBatches(fetched, wanted))
    return error === undefined ? read : yield* error
  })
