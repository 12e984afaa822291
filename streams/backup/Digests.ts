/** Comparing archive files record by record, in little memory. */
import { Effect, Stream } from "effect"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import type { StoreError } from "../../services/ObjectStore.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import { crc32c } from "../../src/codec/Crc32c.ts"
import type { ArchivedRecord } from "../../src/codec/RecordCursor.ts"
import { readRecords, RecordCursor } from "../../src/codec/RecordCursor.ts"
import { openArchiveFile } from "../ArchiveFiles.ts"
import { decoding } from "../Decoding.ts"

/** Blocks decoded ahead of the one being worked on. */
const decodedAhead = 2

/** CRC-32C by offset. */
export type Digests = ReadonlyMap<bigint, number>

/**
 * The records' bytes, in files of ours: equal ones are equal records. What differs may be no more
 * than another way to write the same, so that then everything they say decides. Key and value alone
 * where headers may differ: the original loses duplicates and null values.
 */
export type Compared = "bytes" | "everything" | "key and value"

const part = (bytes: Buffer | null): ReadonlyArray<Buffer> =>
  bytes === null ? [Buffer.of(0)] : [Buffer.from(`1${bytes.length}:`), bytes]

const canonical = ({ headers, key, timestamp, value }: ArchivedRecord): Buffer =>
  Buffer.concat([
    ...part(key),
    ...part(value),
    Buffer.from(String(timestamp)),
    ...headers.flatMap(([name, content]) => [...part(name), ...part(content)])
  ])

export const keyValueDigest = ({ key, value }: Pick<ArchivedRecord, "key" | "value">): number =>
  crc32c(Buffer.concat([...part(key), ...part(value)]))

const digestOf = {
  everything: (record: ArchivedRecord): number => crc32c(canonical(record)),
  "key and value": keyValueDigest
}

type Visit = (offset: bigint, digest: number) => void

const visitBytes = (records: Buffer, recordCount: number, visit: Visit): void => {
  const cursor = new RecordCursor(records, "ours")
  for (let left = recordCount; left > 0; left--) {
    const start = records.length - cursor.left
    cursor.next()
    visit(cursor.exactOffset(), crc32c(records.subarray(start, records.length - cursor.left)))
  }
}

/** The digest of every record of the file, or of those up to the first one beyond `until`. */
export const fileDigests = <R>(
  bytes: Stream.Stream<Uint8Array, StoreError, R>,
  compared: Compared,
  until?: bigint
): Effect.Effect<Digests, StoreError | CodecError, ForeignSchema | R> =>
  Effect.scoped(Effect.gen(function*() {
    const digests = new Map<bigint, number>()
    const context = yield* Effect.context<R>()
    const pull = yield* Stream.toPull(Stream.provideContext(bytes, context))
    const { blocks, decode, layout } = yield* openArchiveFile(pull)
    const decoded = Stream.mapEffect(
      blocks,
      (block) => Effect.map(decode(block), (records) => ({ ...block, records })),
      { concurrency: decodedAhead }
    )
    let ended = false
    const visit: Visit = (offset, digest) => {
      if (!ended) digests.set(offset, digest)
      if (until !== undefined && offset > until) ended = true
    }
    yield* Stream.runForEachWhile(
      decoded,
      ({ recordCount, records }) =>
        decoding("archive file", () => {
          if (compared === "bytes") visitBytes(records, recordCount, visit)
          else {
            for (const record of readRecords(records, layout, recordCount)) {
              visit(record.offset, digestOf[compared](record))
            }
          }
          return !ended
        })
    )
    return digests
  }))

/** The lowest offset that both hold, with different records; `undefined` when they agree. */
export const firstDifference = (a: Digests, b: Digests): bigint | undefined => {
  let lowest: bigint | undefined
  for (const [offset, digest] of a) {
    const other = b.get(offset)
    if (other === undefined || other === digest) continue
    if (lowest === undefined || offset < lowest) lowest = offset
  }
  return lowest
}

/** The lowest offset that `a` holds and `b` does not. */
export const firstMissing = (a: Digests, b: Digests): bigint | undefined => {
  let lowest: bigint | undefined
  for (const offset of a.keys()) {
    if (!b.has(offset) && (lowest === undefined || offset < lowest)) lowest = offset
  }
  return lowest
}

/** The highest offset; `undefined` for an empty file. */
export const lastOffset = (digests: Digests): bigint | undefined => {
  let highest: bigint | undefined
  for (const offset of digests.keys()) {
    if (highest === undefined || offset > highest) highest = offset
  }
  return highest
}
