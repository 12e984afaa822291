/**
 * Walks the Avro records of a decoded block as positions in its bytes: no object, view or bigint
 * per record, and every length checked before it is used. Reads our layout and the original's.
 */
import { Buffer } from "node:buffer"
import type { TopicPartition } from "../domain/TopicPartition.ts"
import type { Layout } from "./AvroSchema.ts"
import type { BlockStats } from "./BlockStats.ts"
import { RunningStats } from "./BlockStats.ts"
import { corrupt } from "./CodecError.ts"
import { gatherEntries } from "./HeaderBlocks.ts"
import { applyNulls } from "./NullHeaders.ts"
import { checkPlace, outOfOrder, placeBytes, readPlace } from "./RecordPlace.ts"
import { sizeOfVarint, VarintReader } from "./Varint.ts"

/** The layouts that can be read as they are; a foreign one is translated into ours first. */
export type ReadableLayout = Exclude<Layout, "foreign">

const none: ReadonlyArray<number> = []

/** Of a length in zigzag and so many bytes, when they have that many together. */
const bytesBehindLength = (together: number): number => {
  let size = 1
  for (let most = 63; size < 5 && together - size > most; most = most * 128 + 127) size++
  return together - size
}

export class RecordCursor {
  readonly block: Buffer
  /** Position of the key's length, and of the value's, behind the union tag. */
  keyAt = 0
  keyEnd = 0
  valueAt = 0
  valueEnd = 0
  keyIsNull = false
  valueIsNull = false
  headers = 0
  /** Header entries, without count and end: `headerBytes[entriesAt, entriesEnd)`. */
  headerBytes: Buffer
  entriesAt = 0
  entriesEnd = 0
  /** Positions of the headers whose value is null, in ascending order. */
  nullHeaders = none
  /** The bytes of topic and partition: `[placeAt, placeEnd)`. */
  placeAt = 0
  placeEnd = 0
  /** NaN when it is no safe integer. */
  timestamp = NaN
  /** NaN when it is no safe integer. */
  offset = NaN
  readonly #reader: VarintReader
  readonly #withNulls: boolean
  #largeTimestamp = 0n
  #largeOffset = 0n

  constructor(block: Buffer, layout: ReadableLayout) {
    this.block = block
    this.headerBytes = block
    this.#reader = new VarintReader(block)
    this.#withNulls = layout === "ours"
  }

  /** Bytes behind the record that the cursor stands on. */
  get left(): number {
    return this.#reader.end - this.#reader.position
  }

  exactTimestamp(): bigint {
    return Number.isNaN(this.timestamp) ? this.#largeTimestamp : BigInt(this.timestamp)
  }

  exactOffset(): bigint {
    return Number.isNaN(this.offset) ? this.#largeOffset : BigInt(this.offset)
  }

  /** Key, value and header section in bytes, as in a Kafka record: with their lengths and count. */
  get recordBytes(): number {
    return this.fieldBytes + sizeOfVarint(this.headers)
  }

  /**
   * Bytes of key, value, header names and header values, without their lengths; a byte more for
   * each header name or value of 64 bytes or more.
   */
  get contentBytes(): number {
    return (this.keyIsNull ? 0 : bytesBehindLength(this.keyEnd - this.keyAt)) +
      (this.valueIsNull ? 0 : bytesBehindLength(this.valueEnd - this.valueAt)) +
      this.entriesEnd - this.entriesAt - 2 * this.headers
  }

  /** The same without the header count. */
  get fieldBytes(): number {
    return (this.keyIsNull ? 1 : this.keyEnd - this.keyAt) +
      (this.valueIsNull ? 1 : this.valueEnd - this.valueAt) +
      this.entriesEnd - this.entriesAt
  }

  /** Moves to the next record. Throws `CodecError` when there is none, or it is damaged. */
  next(): void {
    const reader = this.#reader
    this.keyIsNull = this.#readNullTag("key")
    this.keyAt = reader.position
    if (!this.keyIsNull) this.#skipBytes("key")
    this.keyEnd = reader.position
    this.valueIsNull = this.#readNullTag("value")
    this.valueAt = reader.position
    if (!this.valueIsNull) this.#skipBytes("value")
    this.valueEnd = reader.position

    this.#readHeaders()

    this.placeAt = reader.position
    this.#skipBytes("topic")
    reader.readInt()
    this.placeEnd = reader.position

    this.timestamp = reader.readNumber()
    if (Number.isNaN(this.timestamp)) this.#largeTimestamp = reader.readBigInt()
    this.offset = reader.readNumber()
    if (Number.isNaN(this.offset)) this.#largeOffset = reader.readBigInt()
    this.nullHeaders = !this.#withNulls || this.#readNullTag("null_headers")
      ? none
      : this.#readPositions()
  }

  #readNullTag(field: string): boolean {
    const branch = this.#reader.readInt()
    if (branch !== 0 && branch !== 1) throw corrupt(`${field} has the union branch ${branch}`)
    return branch === 0
  }

  #skipBytes(field: string): void {
    const reader = this.#reader
    const length = reader.readInt()
    if (length < 0 || length > reader.end - reader.position) {
      throw corrupt(`a ${field} of ${length} bytes does not fit in`)
    }
    reader.position += length
  }

  #readHeaders(): void {
    const reader = this.#reader
    const count = reader.readInt()
    this.headers = count
    this.headerBytes = this.block
    this.entriesAt = reader.position
    for (let index = 0; index < count; index++) {
      this.#skipBytes("header name")
      this.#skipBytes("header value")
    }
    this.entriesEnd = reader.position
    // Every program known writes one block; Avro allows several, and sizes in front of them.
    if (count !== 0 && (count < 0 || this.block[reader.position] !== 0)) {
      this.#readHeaderBlocks(count)
    } else if (count > 0) reader.position++
  }

  #readHeaderBlocks(first: number): void {
    const gathered = gatherEntries(this.block, this.#reader, first, this.entriesAt)
    this.headers = gathered.count
    this.headerBytes = gathered.bytes
    this.entriesAt = 0
    this.entriesEnd = gathered.bytes.length
  }

  #readPositions(): ReadonlyArray<number> {
    const reader = this.#reader
    const positions: Array<number> = []
    for (let count = reader.readInt(); count !== 0; count = reader.readInt()) {
      if (count < 0) reader.readNumber()
      for (let item = Math.abs(count); item > 0; item--) positions.push(reader.readInt())
    }
    return positions
  }
}

/** A record as an object, for inspection, tests and recovery; bytes are copies. */
export interface ArchivedRecord extends TopicPartition {
  readonly offset: bigint
  /** Milliseconds since the epoch. */
  readonly timestamp: bigint
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: ReadonlyArray<readonly [Buffer, Buffer | null]>
}

/** All records of a decoded block. Throws `CodecError` when it is damaged. */
export const readRecords = (
  block: Buffer,
  layout: ReadableLayout,
  recordCount?: number
): Array<ArchivedRecord> => {
  const cursor = new RecordCursor(block, layout)
  const records: Array<ArchivedRecord> = []
  while (cursor.left > 0) {
    cursor.next()
    records.push({
      ...readPlace(block, cursor.placeAt),
      offset: cursor.exactOffset(),
      timestamp: cursor.exactTimestamp(),
      key: cursor.keyIsNull ? null : readBytes(new VarintReader(block, cursor.keyAt)),
      value: cursor.valueIsNull ? null : readBytes(new VarintReader(block, cursor.valueAt)),
      headers: readHeaders(cursor)
    })
  }
  checkCount(recordCount, records.length)
  return records
}

const readBytes = (reader: VarintReader): Buffer => {
  const length = reader.readInt()
  reader.position += length
  return Buffer.from(reader.bytes.subarray(reader.position - length, reader.position))
}

/** As objects, of the record that the cursor stands on. */
export const readHeaders = (cursor: RecordCursor): Array<readonly [Buffer, Buffer | null]> => {
  const entries = Buffer.from(cursor.headerBytes.subarray(cursor.entriesAt, cursor.entriesEnd))
  applyNulls(entries, 0, cursor.headers, cursor.nullHeaders)
  const reader = new VarintReader(entries)
  return Array.from({ length: cursor.headers }, () => {
    const name = readBytes(reader)
    if ((entries[reader.position]! & 1) === 0) return [name, readBytes(reader)] as const
    reader.readInt()
    return [name, null] as const
  })
}

const checkCount = (expected: number | undefined, found: number): void => {
  if (expected !== undefined && expected !== found) {
    throw corrupt(`a block of ${expected} records holds ${found}`)
  }
}

/**
 * What the records of a decoded block add up to; `undefined` for an empty one. Throws `CodecError`:
 * Mismatch when a record belongs to another partition, Corrupt when the block is damaged.
 */
export const summarize = (
  block: Buffer,
  layout: ReadableLayout,
  source: TopicPartition,
  recordCount?: number
): BlockStats | undefined => {
  const cursor = new RecordCursor(block, layout)
  const place = placeBytes(source)
  const stats = new RunningStats()
  while (cursor.left > 0) {
    cursor.next()
    checkPlace(source, place, block, cursor.placeAt, cursor.placeEnd)
    const offset = cursor.exactOffset()
    if (stats.recordCount === 0) stats.firstOffset = offset
    else if (offset <= stats.lastBase) throw outOfOrder(offset, stats.lastBase)
    stats.lastBase = offset
    stats.recordCount++
    stats.largestRecord = Math.max(stats.largestRecord, cursor.recordBytes)
    stats.seeExactTimestamp(cursor.exactTimestamp())
  }
  checkCount(recordCount, stats.recordCount)
  return stats.recordCount === 0 ? undefined : stats.stats()
}
