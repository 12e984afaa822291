/** Whether an archived record and one in a log are the same, by their bytes as they lie there. */
import type { Buffer } from "node:buffer"
import type { ArchivedRecords } from "./ArchivedRecords.ts"
import type { LoggedRecords } from "./LoggedRecords.ts"
import type { RecordCursor } from "./RecordCursor.ts"
import { VarintReader } from "./Varint.ts"

export type Field = "key" | "value" | "headers" | "timestamp"

/** Fewer bytes than these are compared quicker one by one than by a call. */
const fewBytes = 24

const sameBytes = (
  one: Uint8Array,
  at: number,
  end: number,
  other: Buffer,
  otherAt: number,
  otherEnd: number
): boolean => {
  const length = end - at
  if (otherEnd - otherAt !== length) return false
  if (length > fewBytes) return other.compare(one, at, end, otherAt, otherEnd) === 0
  for (let byte = 0; byte < length; byte++) {
    if (one[at + byte] !== other[otherAt + byte]) return false
  }
  return true
}

/** The position behind the varint at `at`. */
const behindVarint = (bytes: Uint8Array, at: number): number => {
  while (bytes[at]! >= 0x80) at++
  return at + 1
}

/** What follows the lengths at `at` and `otherAt`. */
const sameContents = (
  one: Buffer,
  at: number,
  end: number,
  other: Buffer,
  otherAt: number,
  otherEnd: number
): boolean =>
  sameBytes(one, behindVarint(one, at), end, other, behindVarint(other, otherAt), otherEnd)

const hasName = (bytes: Uint8Array, at: number, end: number, name: Buffer | undefined): boolean =>
  name !== undefined && end - at === name.length && sameBytes(bytes, at, end, name, 0, name.length)

/** Names, values, order and nulls. The first header in the log that is called `but` is not looked at. */
const sameHeaders = (
  { entriesAt, entriesEnd, headerBytes, headers, nullHeaders }: RecordCursor,
  { cursor, records }: LoggedRecords,
  but: Buffer | undefined
): boolean => {
  const archived = new VarintReader(headerBytes, entriesAt, entriesEnd)
  const logged = new VarintReader(records, cursor.entriesAt, cursor.end)
  let left = but
  let compared = 0
  for (let header = 0; header < cursor.headers; header++) {
    const nameLength = logged.readInt()
    const nameAt = logged.position
    const nameEnd = nameAt + nameLength
    logged.position = nameEnd
    const length = logged.readInt()
    const valueAt = logged.position
    if (length > 0) logged.position += length
    if (hasName(records, nameAt, nameEnd, left)) {
      left = undefined
      continue
    }
    if (compared === headers) return false
    const archivedName = archived.readInt()
    const archivedNameAt = archived.position
    archived.position += archivedName
    const archivedLength = archived.readInt()
    const archivedAt = archived.position
    archived.position += archivedLength
    if (nullHeaders.includes(compared) !== length < 0) return false
    if (
      !sameBytes(
        headerBytes,
        archivedNameAt,
        archivedNameAt + archivedName,
        records,
        nameAt,
        nameEnd
      ) ||
      !sameBytes(
        headerBytes,
        archivedAt,
        archivedAt + archivedLength,
        records,
        valueAt,
        valueAt + Math.max(length, 0)
      )
    ) return false
    compared++
  }
  return compared === headers
}

/** How the headers of the record at hand are compared. */
export type SameHeaders = (
  archived: RecordCursor,
  logged: LoggedRecords,
  but: Buffer | undefined
) => boolean

/**
 * The first field that differs; `undefined` when none does. `but`: the name of a header of which
 * the first in the log is left out of the comparison.
 */
export const differingField = (
  { cursor: archived }: ArchivedRecords,
  logged: LoggedRecords,
  but: Buffer | undefined,
  headersAreSame: SameHeaders = sameHeaders
): Field | undefined => {
  const { cursor, records } = logged
  const { block } = archived
  if (
    archived.keyIsNull !== cursor.keyIsNull ||
    !archived.keyIsNull &&
      !sameContents(block, archived.keyAt, archived.keyEnd, records, cursor.keyAt, cursor.valueAt)
  ) return "key"
  if (
    archived.valueIsNull !== cursor.valueIsNull ||
    !archived.valueIsNull && !sameContents(
        block,
        archived.valueAt,
        archived.valueEnd,
        records,
        cursor.valueAt,
        cursor.headersAt
      )
  ) return "value"
  const withHeaders = archived.headers > 0 || cursor.headers > 0
  if (withHeaders && !headersAreSame(archived, logged, but)) return "headers"
  const { timestamp } = logged
  const isSame = Number.isNaN(timestamp) || Number.isNaN(archived.timestamp)
    ? archived.exactTimestamp() === logged.exactTimestamp()
    : archived.timestamp === timestamp
  return isSame ? undefined : "timestamp"
}
