/** The source offsets that restored records carry in a header, without an object per record. */
import type { Buffer } from "node:buffer"
import { corrupt } from "./CodecError.ts"
import type { DataBatch } from "./FetchedBatches.ts"
import { batchHeaderBytes, lastOffset } from "./RecordBatch.ts"
import { SectionCursor } from "./SectionCursor.ts"
import { VarintReader } from "./Varint.ts"

export interface SourceOffsets {
  /** Offset of each record that carries a source offset, ascending. */
  readonly offsets: BigInt64Array
  /** What each of them carries. */
  readonly sources: BigInt64Array
  /** Offset of the last record of each batch that has any, of whatever kind. */
  readonly lastRecords: ReadonlyArray<bigint>
}

const zero = 0x30
const nine = 0x39

/** Digits that are a safe integer for sure, and those of the largest int64. */
const safeDigits = 15
const mostDigits = 19

const maxOffset = 2n ** 63n - 1n

/** Bytes of the shortest record: length, attributes, two deltas, and three counts. */
const minRecordBytes = 7

const none = -1n

const decimal = (bytes: Buffer, at: number, end: number): bigint => {
  if (end <= at || end - at > mostDigits) return none
  let value = 0
  for (let digit = at; digit < end; digit++) {
    const byte = bytes[digit]!
    if (byte < zero || byte > nine) return none
    value = value * 10 + byte - zero
  }
  if (end - at <= safeDigits) return BigInt(value)
  const exact = BigInt(bytes.toString("latin1", at, end))
  return exact > maxOffset ? none : exact
}

/** By the first header of that name; -1 without one, or when its value is no decimal number. */
export const carriedOffset = (records: Buffer, cursor: SectionCursor, name: Buffer): bigint => {
  const reader = new VarintReader(records, cursor.entriesAt, cursor.end)
  for (let header = 0; header < cursor.headers; header++) {
    const nameLength = reader.readInt()
    const nameAt = reader.position
    reader.position += nameLength
    const length = reader.readInt()
    const valueAt = reader.position
    if (
      nameLength === name.length &&
      name.compare(records, nameAt, nameAt + nameLength) === 0
    ) return decimal(records, valueAt, valueAt + length)
    if (length > 0) reader.position += length
  }
  return none
}

/**
 * Of consecutive data batches of one partition. `name`: of the header, whose value is ASCII
 * decimal. Throws `CodecError` when a record section does not fit its batch.
 */
export const sourceOffsetsIn = (
  batches: ReadonlyArray<DataBatch>,
  name: Buffer
): SourceOffsets => {
  let room = 0
  for (const { header, records } of batches) {
    if (header.recordCount * minRecordBytes > records.length) {
      throw corrupt(
        `the batch at offset ${header.baseOffset} has ${header.recordCount} records in ` +
          `${records.length} bytes after its header of ${batchHeaderBytes}`
      )
    }
    room += header.recordCount
  }
  const offsets = new BigInt64Array(room)
  const sources = new BigInt64Array(room)
  let count = 0
  const lastRecords: Array<bigint> = []
  for (const { header, records } of batches) {
    const cursor = new SectionCursor(records, header.lastOffsetDelta)
    for (let record = 0; record < header.recordCount; record++) {
      cursor.next()
      const source = carriedOffset(records, cursor, name)
      if (source === none) continue
      offsets[count] = header.baseOffset + BigInt(cursor.offsetDelta)
      sources[count++] = source
    }
    if (cursor.left !== 0) {
      throw corrupt(`the batch up to offset ${lastOffset(header)} holds more than its records`)
    }
    if (header.recordCount > 0) lastRecords.push(header.baseOffset + BigInt(cursor.offsetDelta))
  }
  return {
    offsets: offsets.subarray(0, count),
    sources: sources.subarray(0, count),
    lastRecords
  }
}
