import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { Buffer } from "node:buffer"
import type { AssembledBatch } from "../../src/codec/BatchAssembler.ts"
import { BatchAssembler } from "../../src/codec/BatchAssembler.ts"
import { CodecError } from "../../src/codec/CodecError.ts"
import type { ArchivedRecord } from "../../src/codec/RecordCursor.ts"
import { writeRecords } from "../../src/codec/RecordWriter.ts"
import {
  archived,
  assembleBlocks,
  encodeBatches,
  orders,
  restored,
  sourceOffsetHeader
} from "../support/Containers.ts"
import { anyBatches } from "../support/RecordArbitraries.ts"

const record = (fields: Partial<ArchivedRecord> = {}): ArchivedRecord => ({
  ...orders,
  offset: 0n,
  timestamp: 1n,
  key: null,
  value: Buffer.from("value"),
  headers: [],
  ...fields
})

const block = (...records: ReadonlyArray<ArchivedRecord>) => ({
  bytes: writeRecords(records),
  recordCount: records.length
})

const errorOf = (work: () => unknown): CodecError => {
  try {
    work()
  } catch (error) {
    if (error instanceof CodecError) return error
    throw error
  }
  throw new Error("it did not fail")
}

const sourceOffsets = (batches: ReadonlyArray<AssembledBatch>) =>
  batches.flatMap(restored).map(({ headers }) => Number(headers[0]?.[1]?.toString()))

describe("BatchAssembler", () => {
  it("skips what the target has already", () => {
    fc.assert(fc.property(anyBatches, fc.integer({ min: -2, max: 30 }), (batches, step) => {
      const skipThrough = batches[0]!.header.baseOffset + BigInt(step)
      const assembled = assembleBlocks(encodeBatches(batches, 400), { skipThrough })
      const expected = batches.flatMap(archived).filter(({ offset }) => offset > skipThrough)
      assert.deepStrictEqual(
        assembled.flatMap(restored).map(({ headers }) => BigInt(String(headers[0]?.[1]))),
        expected.map(({ offset }) => offset)
      )
      assert.strictEqual(assembled[0]?.firstSourceOffset, expected[0]?.offset)
      assert.strictEqual(assembled.at(-1)?.lastSourceOffset, expected.at(-1)?.offset)
    }))
  })

  it("counts source offsets over every number of digits", () => {
    const offsets = [0, 8, 9, 10, 99, 100, 101, 998, 999, 1000, 4_294_967_295, 4_294_967_296]
    const records = offsets.map((offset) => record({ offset: BigInt(offset) }))
    assert.deepStrictEqual(sourceOffsets(assembleBlocks([block(...records)])), offsets)
  })

  it("puts the source offset in front of the record's own header of that name", () => {
    const own = [Buffer.from(sourceOffsetHeader), Buffer.from("7")] as const
    const [batch] = assembleBlocks([block(record({ offset: 12n, headers: [own] }))])
    const [restoredRecord] = restored(batch!)
    assert.deepStrictEqual(
      restoredRecord?.headers.map(([name, value]) => [String(name), String(value)]),
      [[sourceOffsetHeader, "12"], [sourceOffsetHeader, "7"]]
    )
  })

  it("cuts batches by bytes and gives a larger record one of its own", () => {
    const records = [400, 400, 9000, 10].map((size, index) =>
      record({ offset: BigInt(index), value: Buffer.alloc(size) })
    )
    const batches = assembleBlocks([block(...records)], { maxBatchBytes: 1000 })
    assert.deepStrictEqual(batches.map((batch) => batch.recordCount), [2, 1, 1])
    assert.isAbove(batches[1]!.largestRecord, 9000)
    assert.strictEqual(batches[1]!.largestRecord, batches[1]!.records.length)
  })

  it("names both places when a record belongs elsewhere", () => {
    const foreign = [
      block(record({ topic: "orders.v2" })),
      block(record(), record({ offset: 1n, partition: 4 })),
      block(record({ topic: "orders.v11" }))
    ]
    for (const one of foreign) {
      const error = errorOf(() => assembleBlocks([one]))
      assert.strictEqual(error.reason, "Mismatch")
      assert.match(error.message, /orders\.v1-3 .*orders\.v(1-4|2-3|11-3)$/)
    }
  })

  it("demands growing offsets within a file, not across files", () => {
    const some = block(record({ offset: 4n }), record({ offset: 5n }))
    for (const offset of [4n, 5n, -1n]) {
      assert.strictEqual(
        errorOf(() => assembleBlocks([some, block(record({ offset }))])).reason,
        "Corrupt"
      )
    }
    const batches: Array<AssembledBatch> = []
    const assembler = new BatchAssembler(orders, {
      maxBatchBytes: 1000,
      layout: "ours",
      sourceOffsetHeader,
      onBatch: (batch) => batches.push(batch)
    })
    assembler.append(some.bytes, 2, -1n)
    assembler.startFile("ours")
    assembler.append(block(record({ offset: 5n }), record({ offset: 6n })).bytes, 2, 5n)
    assembler.flush()
    assert.deepStrictEqual(sourceOffsets(batches), [4, 5, 6])
  })

  it("takes all of a block or nothing", () => {
    const good = block(record({ offset: 1n }))
    const bad = block(record({ offset: 2n }), record({ offset: 3n, partition: 9 }))
    const batches: Array<AssembledBatch> = []
    const assembler = new BatchAssembler(orders, {
      maxBatchBytes: 70,
      layout: "ours",
      sourceOffsetHeader,
      onBatch: (batch) => batches.push(batch)
    })
    assembler.append(good.bytes, 1, -1n)
    errorOf(() => assembler.append(bad.bytes, 2, -1n))
    assembler.append(block(record({ offset: 2n })).bytes, 1, -1n)
    assembler.flush()
    assert.deepStrictEqual(sourceOffsets(batches), [1, 2])
  })

  it("finds a record count that does not hold, and damage anywhere", () => {
    const { bytes } = block(record(), record({ offset: 1n, headers: [[Buffer.from("h"), null]] }))
    assert.strictEqual(errorOf(() => assembleBlocks([{ bytes, recordCount: 1 }])).reason, "Corrupt")
    assert.strictEqual(
      errorOf(() => assembleBlocks([{ bytes, recordCount: 3 }])).reason,
      "Truncated"
    )
    for (let length = 0; length < bytes.length; length++) {
      errorOf(() => assembleBlocks([{ bytes: bytes.subarray(0, length), recordCount: 2 }]))
    }
  })
})
