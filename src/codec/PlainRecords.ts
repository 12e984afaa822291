/**
 * Single records out of and into the record section of a RecordBatch v2, as objects: for plan
 * topics and log tails, where records are few. The data path copies bytes instead.
 */
import type { TimestampType } from "../domain/FileFacts.ts"
import { corrupt } from "./CodecError.ts"
import { sizeOfVarint, VarintReader, writeVarint } from "./Varint.ts"

export interface PlainRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: ReadonlyArray<readonly [Buffer, Buffer | null]>
}

export interface ReadRecord extends PlainRecord {
  readonly offset: bigint
  /** Milliseconds since the epoch. */
  readonly timestamp: bigint
}

interface Section {
  readonly header: {
    readonly baseOffset: bigint
    readonly recordCount: number
    readonly baseTimestamp: bigint
    readonly maxTimestamp: bigint
    readonly timestampType: TimestampType
  }
  /** Uncompressed. */
  readonly records: Buffer
}

const readBytes = (reader: VarintReader): Buffer | null => {
  const length = reader.readInt()
  if (length === -1) return null
  const start = reader.position
  if (length < -1 || start + length > reader.end) {
    throw corrupt(`a field of ${length} bytes runs over the end of its record`)
  }
  reader.position = start + length
  return Buffer.from(reader.bytes.subarray(start, start + length))
}

const readHeaders = (reader: VarintReader, of: string): PlainRecord["headers"] => {
  const count = reader.readInt()
  const headers: Array<readonly [Buffer, Buffer | null]> = []
  for (let at = 0; at < count; at++) {
    const name = readBytes(reader)
    if (name === null) throw corrupt(`header ${at} of ${of} has no name`)
    headers.push([name, readBytes(reader)])
  }
  return headers
}

/** Of a record whose header count is at `headersAt`. */
export const readPlainHeaders = (records: Buffer, headersAt: number): PlainRecord["headers"] =>
  readHeaders(new VarintReader(records, headersAt), "a record")

const readRecord = (reader: VarintReader, batch: Section["header"]): ReadRecord => {
  const size = reader.readInt()
  const end = reader.position + size
  if (size < 1 || end > reader.end) {
    throw corrupt(`a record of ${size} bytes runs over its batch`)
  }
  reader.position++
  const delta = reader.readBigInt()
  const timestamp = batch.timestampType === "LogAppendTime"
    ? batch.maxTimestamp
    : BigInt.asIntN(64, batch.baseTimestamp + delta)
  const offset = batch.baseOffset + BigInt(reader.readInt())
  const key = readBytes(reader)
  const value = readBytes(reader)
  const headers = readHeaders(reader, `the record at offset ${offset}`)
  if (reader.position !== end) {
    throw corrupt(`the record at offset ${offset} does not end where its length says`)
  }
  return { offset, timestamp, key, value, headers }
}

/** Every record of a data batch, in order. Throws `CodecError` when the section does not fit. */
export const readPlainRecords = ({ header, records }: Section): Array<ReadRecord> => {
  const reader = new VarintReader(records)
  const all: Array<ReadRecord> = []
  for (let at = 0; at < header.recordCount; at++) all.push(readRecord(reader, header))
  if (reader.position !== records.length) {
    throw corrupt(`the batch at offset ${header.baseOffset} holds more than its records`)
  }
  return all
}

const sizeOfBytes = (bytes: Buffer | null): number =>
  bytes === null ? 1 : sizeOfVarint(bytes.length) + bytes.length

const bodySize = (record: PlainRecord, offsetDelta: number): number =>
  1 + 1 + sizeOfVarint(offsetDelta) + sizeOfBytes(record.key) + sizeOfBytes(record.value) +
  sizeOfVarint(record.headers.length) +
  record.headers.reduce((sum, [key, value]) => sum + sizeOfBytes(key) + sizeOfBytes(value), 0)

const writeBytes = (target: Buffer, at: number, bytes: Buffer | null): number => {
  const next = writeVarint(target, at, bytes === null ? -1 : bytes.length)
  return bytes === null ? next : next + bytes.copy(target, next)
}

/** The record section of these records: offsets from 0 on, all with the batch's base timestamp. */
export const writePlainRecords = (records: ReadonlyArray<PlainRecord>): Buffer => {
  const sizes = records.map(bodySize)
  const section = Buffer.allocUnsafe(
    sizes.reduce((sum, size) => sum + sizeOfVarint(size) + size, 0)
  )
  let at = 0
  for (const [offsetDelta, record] of records.entries()) {
    at = writeVarint(section, at, sizes[offsetDelta]!)
    section[at++] = 0
    section[at++] = 0
    at = writeVarint(section, at, offsetDelta)
    at = writeBytes(section, at, record.key)
    at = writeBytes(section, at, record.value)
    at = writeVarint(section, at, record.headers.length)
    for (const [key, value] of record.headers) {
      at = writeBytes(section, at, key)
      at = writeBytes(section, at, value)
    }
  }
  return section
}
