/**
 * Record batches from and to plain records, written without a look at the code under test: the
 * records are counted in bigint and pushed byte by byte.
 */
import { Effect } from "effect"
import { type BatchContent, sealBatch } from "../../src/codec/BatchWriter.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import { compress, type Compression } from "../../src/codec/Compression.ts"
import { type DataBatch, readFetched } from "../../src/codec/FetchedBatches.ts"

export interface PlainRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: ReadonlyArray<readonly [Buffer, Buffer | null]>
  /** Milliseconds since the epoch, any int64. */
  readonly timestamp: bigint
  readonly offsetDelta: number
}

export const plainRecord = (fields: Partial<PlainRecord> = {}): PlainRecord => ({
  key: null,
  value: Buffer.from("value"),
  headers: [],
  timestamp: 1_700_000_000_000n,
  offsetDelta: 0,
  ...fields
})

const varint = (value: bigint): Buffer => {
  const bytes: Array<number> = []
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return Buffer.from([...bytes, Number(rest)])
}

const field = (bytes: Buffer | null): Buffer =>
  bytes === null ? varint(-1n) : Buffer.concat([varint(BigInt(bytes.length)), bytes])

const encodeRecord = (record: PlainRecord, baseTimestamp: bigint): Buffer => {
  const body = Buffer.concat([
    Buffer.from([0]),
    varint(BigInt.asIntN(64, record.timestamp - baseTimestamp)),
    varint(BigInt(record.offsetDelta)),
    field(record.key),
    field(record.value),
    varint(BigInt(record.headers.length)),
    ...record.headers.flatMap(([name, value]) => [field(name), field(value)])
  ])
  return Buffer.concat([varint(BigInt(body.length)), body])
}

/** The uncompressed record section. */
export const encodeRecords = (
  records: ReadonlyArray<PlainRecord>,
  baseTimestamp: bigint
): Buffer => Buffer.concat(records.map((record) => encodeRecord(record, baseTimestamp)))

export type BatchFields = Partial<Omit<BatchContent, "records" | "compressed" | "compression">>

const content = (records: ReadonlyArray<PlainRecord>, fields: BatchFields) => {
  const times = records.map((record) => record.timestamp)
  const baseTimestamp = fields.baseTimestamp ?? times[0] ?? -1n
  return {
    recordCount: records.length,
    lastOffsetDelta: records.at(-1)?.offsetDelta ?? 0,
    maxTimestamp: times.reduce((max, time) => (time > max ? time : max), times[0] ?? -1n),
    producerId: -1n,
    producerEpoch: -1,
    baseSequence: -1,
    ...fields,
    baseTimestamp,
    records: encodeRecords(records, baseTimestamp)
  }
}

/** An uncompressed batch; fields not given fit the records. */
export const buildBatch = (
  records: ReadonlyArray<PlainRecord>,
  fields: BatchFields = {}
): Buffer => {
  const plain = content(records, fields)
  return sealBatch({ ...plain, compressed: plain.records, compression: "none" })
}

/** A compressed batch, also where the codec makes it larger. */
export const buildCompressedBatch = (
  records: ReadonlyArray<PlainRecord>,
  compression: Compression,
  fields: BatchFields = {}
): Effect.Effect<Buffer, CodecError> => {
  const plain = content(records, fields)
  return Effect.map(
    compress(compression, plain.records),
    (compressed) => sealBatch({ ...plain, records: compressed, compressed, compression })
  )
}

/** The control batch that ends a transaction; takes one offset. */
export const buildMarker = (
  type: "abort" | "commit",
  { coordinatorEpoch = 0, ...fields }: BatchFields & {
    readonly producerId: bigint
    readonly coordinatorEpoch?: number
  }
): Buffer => {
  const key = Buffer.from([0, 0, 0, type === "abort" ? 0 : 1])
  const value = Buffer.alloc(6)
  value.writeInt32BE(coordinatorEpoch, 2)
  const timestamp = fields.baseTimestamp ?? plainRecord().timestamp
  return buildBatch([plainRecord({ key, value, timestamp })], {
    transactional: true,
    control: true,
    producerEpoch: 0,
    ...fields
  })
}

/** The records of a batch as they were built, timestamps resolved. */
export const plainRecords = ({ header, records }: DataBatch): Array<PlainRecord> => {
  let at = 0
  const long = (): bigint => {
    let raw = 0n
    for (let shift = 0n;; shift += 7n) {
      const byte = records.readUInt8(at++)
      raw |= BigInt(byte & 127) << shift
      if (byte < 128) return BigInt.asIntN(64, (raw >> 1n) ^ -(raw & 1n))
    }
  }
  const bytes = (): Buffer | null => {
    const length = Number(long())
    if (length < 0) return null
    at += length
    return Buffer.from(records.subarray(at - length, at))
  }
  const read = (): PlainRecord => {
    const end = Number(long()) + at
    at++
    const delta = long()
    const offsetDelta = Number(long())
    const [key, value] = [bytes(), bytes()]
    const headers = Array.from(
      { length: Number(long()) },
      () => [bytes() ?? Buffer.alloc(0), bytes()] as const
    )
    if (at !== end) throw new Error(`record ends at ${at}, not at ${end}`)
    const timestamp = header.timestampType === "LogAppendTime"
      ? header.maxTimestamp
      : BigInt.asIntN(64, header.baseTimestamp + delta)
    return { key, value, headers, timestamp, offsetDelta }
  }
  return Array.from({ length: header.recordCount }, read)
}

/** What a read_uncommitted fetch of `t-0` makes of these bytes: its data batches. */
export const readBatches = (
  records: Buffer,
  from = 0n
): Effect.Effect<Array<DataBatch>, CodecError> =>
  Effect.map(
    readFetched({ topic: "t", partition: 0, records, aborted: [] }, from),
    (outcomes) => outcomes.filter((outcome) => outcome.kind === "data")
  )
