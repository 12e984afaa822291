import { it } from "@effect/vitest"
import { Effect } from "effect"
import fc from "fast-check"
import { Buffer } from "node:buffer"
import { describe, expect } from "vitest"
import { type BatchContent, sealBatch } from "../../src/codec/BatchWriter.ts"
import { CodecError } from "../../src/codec/CodecError.ts"
import type { Compression } from "../../src/codec/Compression.ts"
import { nextFetchOffset, readBatchHeader, verifyCrc } from "../../src/codec/RecordBatch.ts"
import { anyRecords, batchFields } from "../support/AnyRecords.ts"
import {
  buildBatch,
  buildCompressedBatch,
  plainRecord,
  plainRecords,
  readBatches
} from "../support/Batches.ts"

const source = { topic: "orders", partition: 3 }

const codecs: fc.Arbitrary<Compression> = fc.constantFrom(
  "none",
  "gzip",
  "snappy",
  "lz4",
  "zstd"
)

/** Rewrites what a batch says of itself; the checksum does not cover the first 21 bytes. */
const patched = (batch: Buffer, patch: (batch: Buffer) => void): Buffer => {
  const copy = Buffer.from(batch)
  patch(copy)
  return copy
}

const emptyBatch: BatchContent = {
  records: Buffer.alloc(0),
  compressed: Buffer.alloc(0),
  compression: "zstd",
  recordCount: 0,
  lastOffsetDelta: 0,
  baseTimestamp: -1n,
  maxTimestamp: -1n,
  producerId: -1n,
  producerEpoch: -1,
  baseSequence: -1
}

describe("RecordBatch", () => {
  it.effect.prop("keeps every record and field through writing and reading", [
    anyRecords,
    codecs,
    batchFields
  ], ([records, compression, fields]) =>
    Effect.gen(function*() {
      const batch = yield* buildCompressedBatch(records, compression, fields)
      const [read, ...more] = yield* readBatches(batch)
      expect(more).toEqual([])
      expect(read?.header).toMatchObject({ ...fields, compression, recordCount: records.length })
      const expected = fields.timestampType === "CreateTime" || read === undefined
        ? records
        : records.map((record) => ({ ...record, timestamp: read.header.maxTimestamp }))
      expect(read === undefined ? [] : plainRecords(read)).toEqual(expected)
    }))

  it.effect.prop("finds any damaged byte", [
    anyRecords,
    codecs,
    fc.nat(),
    fc.integer({ min: 1, max: 255 })
  ], ([records, compression, where, mask]) =>
    Effect.gen(function*() {
      const batch = yield* buildCompressedBatch(records, compression)
      // Base offset and leader epoch are not under the checksum.
      const bytes = Array.from(batch.keys()).filter((at) => at >= 16 || (at >= 8 && at < 12))
      batch[bytes[where % bytes.length]!]! ^= mask
      const error = yield* Effect.flip(readBatches(batch))
      expect(error).toBeInstanceOf(CodecError)
    }))

  it.effect.prop(
    "leaves a cut batch for the next fetch",
    [fc.nat({ max: 1000 })],
    ([cut]) =>
      Effect.gen(function*() {
        const first = buildBatch([plainRecord()], { baseOffset: 7n, lastOffsetDelta: 4 })
        const second = buildBatch([plainRecord()], { baseOffset: 12n })
        const both = Buffer.concat([first, second.subarray(0, cut % second.length)])
        expect((yield* readBatches(both)).map(({ header }) => header.baseOffset)).toEqual([7n])
        expect(nextFetchOffset(both, source)).toBe(12n)
      })
  )

  it.effect("fails when not even the first batch is whole, and not for no bytes", () =>
    Effect.gen(function*() {
      const batch = buildBatch([plainRecord()])
      for (const cut of [1, 16, 60, batch.length - 1]) {
        const error = yield* Effect.flip(readBatches(batch.subarray(0, cut)))
        expect(error.reason).toBe("Truncated")
        expect(nextFetchOffset(batch.subarray(0, cut), source)).toBeUndefined()
      }
      expect(yield* readBatches(Buffer.alloc(0))).toEqual([])
    }))

  it("refuses the old formats by topic, partition and offset", () => {
    for (const magic of [0, 1, 3, -1]) {
      const batch = patched(
        buildBatch([plainRecord()], { baseOffset: 42n }),
        (bytes) => bytes.writeInt8(magic, 16)
      )
      const read = () => readBatchHeader(batch, 0, source)
      expect(read).toThrow(CodecError)
      expect(read).toThrow(
        `orders-3, batch at offset 42: message format ${magic} is not supported`
      )
    }
  })

  it("refuses headers that contradict themselves", () => {
    const batch = buildBatch([plainRecord()])
    const refuses = (message: RegExp, patch: (batch: Buffer) => void) => {
      const read = () => readBatchHeader(patched(batch, patch), 0, source)
      expect(read).toThrow(CodecError)
      expect(read).toThrow(message)
    }
    refuses(/below the header's/, (bytes) => bytes.writeInt32BE(48, 8))
    refuses(/below the header's/, (bytes) => bytes.writeInt32BE(-(2 ** 31), 8))
    refuses(/length 12 is below the header's/, (bytes) => bytes.fill(0))
    refuses(/out of range/, (bytes) => bytes.writeInt32BE(-1, 23))
    refuses(/out of range/, (bytes) => bytes.writeBigInt64BE(-1n, 0))
    refuses(/2 records in 1 offsets/, (bytes) => bytes.writeInt32BE(2, 57))
    refuses(/-1 records/, (bytes) => bytes.writeInt32BE(-1, 57))
    refuses(/unknown codec 5/, (bytes) => bytes.writeInt16BE(5, 21))
  })

  it("reads the last offset there is", () => {
    const batch = buildBatch([plainRecord()], { baseOffset: 2n ** 63n - 1n })
    expect(nextFetchOffset(batch, source)).toBe(2n ** 63n)
  })

  it("names both checksums", () => {
    const batch = patched(buildBatch([plainRecord()]), (bytes) => bytes.writeUInt32BE(0xabc, 17))
    const header = readBatchHeader(batch, 0, source)
    expect(() => header && verifyCrc(batch, header, source)).toThrow(/the header says abc/)
  })

  it.effect("reads batches of 200,000 records", () =>
    Effect.gen(function*() {
      const records = Array.from({ length: 200_000 }, (_, offsetDelta) =>
        plainRecord({ offsetDelta, value: Buffer.from(String(offsetDelta)) }))
      const [batch] = yield* readBatches(yield* buildCompressedBatch(records, "zstd"))
      expect(batch?.header.recordCount).toBe(200_000)
      expect(batch && plainRecords(batch).at(-1)).toEqual(records.at(-1))
    }))

  it.effect("reads what compaction leaves of a batch: its offsets", () =>
    Effect.gen(function*() {
      const empty = buildBatch([], { baseOffset: 5n, lastOffsetDelta: 9, producerId: 1n })
      const [batch] = yield* readBatches(empty)
      expect(batch?.records.length).toBe(0)
      expect(nextFetchOffset(empty, source)).toBe(15n)
      const cleaned = yield* readBatches(sealBatch(emptyBatch))
      expect(cleaned[0]?.records.length).toBe(0)
      const wrong = { compressed: Buffer.from([1]), records: Buffer.from([1]) }
      const error = yield* Effect.flip(readBatches(sealBatch({ ...emptyBatch, ...wrong })))
      expect(error.message).toMatch(/^t-0, batch at offset 0: the zstd frame ends early/)
    }))
})
