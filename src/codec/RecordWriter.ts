/** Writes records that are objects into a block of our layout: for few of them, or foreign ones. */
import { Buffer } from "node:buffer"
import { extractNulls, nullPositionsBytes } from "./NullHeaders.ts"
import type { ArchivedRecord } from "./RecordCursor.ts"
import { placeBytes } from "./RecordPlace.ts"
import { maxVarintBytes, sizeOfVarint, writeVarint, writeVarlong } from "./Varint.ts"

/** The Avro bytes of the records, one after the other. */
export const writeRecords = (records: ReadonlyArray<ArchivedRecord>): Buffer =>
  Buffer.concat(records.map(writeRecord))

const writeRecord = (record: ArchivedRecord): Buffer => {
  const place = placeBytes(record)
  const nulls = record.headers.filter(([, value]) => value === null).length
  const headerBytes = record.headers.reduce(
    (sum, [name, value]) => sum + sizeOfBytes(name) + sizeOfBytes(value),
    0
  )
  const out = Buffer.allocUnsafe(
    2 + sizeOfBytes(record.key) + sizeOfBytes(record.value) + maxVarintBytes + headerBytes + 1 +
      place.length + 2 * maxVarintBytes + nullPositionsBytes(nulls)
  )
  let at = writeOptional(out, 0, record.key)
  at = writeOptional(out, at, record.value)
  at = writeVarint(out, at, record.headers.length)
  const entriesAt = at
  for (const [name, value] of record.headers) {
    at = writeBytes(out, at, name)
    at = value === null ? writeVarint(out, at, -1) : writeBytes(out, at, value)
  }
  if (record.headers.length > 0) out[at++] = 0
  at += place.copy(out, at)
  at = writeVarlong(out, at, record.timestamp)
  at = writeVarlong(out, at, record.offset)
  if (nulls === 0) out[at++] = 0
  else at = extractNulls(out, entriesAt, record.headers.length, nulls, at)
  return out.subarray(0, at)
}

const sizeOfBytes = (bytes: Buffer | null): number =>
  bytes === null ? 1 : sizeOfVarint(bytes.length) + bytes.length

const writeBytes = (out: Buffer, at: number, bytes: Buffer): number => {
  const start = writeVarint(out, at, bytes.length)
  return start + bytes.copy(out, start)
}

/** The union of null and bytes. */
const writeOptional = (out: Buffer, at: number, bytes: Buffer | null): number => {
  out[at] = bytes === null ? 0 : 2
  return bytes === null ? at + 1 : writeBytes(out, at + 1, bytes)
}
