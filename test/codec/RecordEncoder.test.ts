import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { Buffer } from "node:buffer"
import { CodecError } from "../../src/codec/CodecError.ts"
import type { DataBatch } from "../../src/codec/FetchedBatches.ts"
import type { EncodedBlock } from "../../src/codec/RecordEncoder.ts"
import { RecordEncoder } from "../../src/codec/RecordEncoder.ts"
import { plainRecord } from "../support/Batches.ts"
import { archived, dataBatch, orders, recordsOf } from "../support/Containers.ts"
import { anyBatches } from "../support/RecordArbitraries.ts"

const encoder = (blockBytes: number) => {
  const blocks: Array<EncodedBlock> = []
  return {
    blocks,
    encoder: new RecordEncoder(orders, { blockBytes, onBlock: (block) => blocks.push(block) })
  }
}

const valuesOf = (sizes: ReadonlyArray<number>, baseOffset: bigint) =>
  dataBatch(
    sizes.map((size, offsetDelta) => plainRecord({ offsetDelta, value: Buffer.alloc(size, "v") })),
    { baseOffset }
  )

const damage = (batch: DataBatch, change: (records: Buffer) => Buffer): DataBatch => ({
  header: batch.header,
  records: change(Buffer.from(batch.records))
})

const errorOf = (work: () => void): CodecError => {
  try {
    work()
  } catch (error) {
    if (error instanceof CodecError) return error
    throw error
  }
  throw new Error("it did not fail")
}

describe("RecordEncoder", () => {
  it("cuts blocks at their size, and gives a larger record one of its own", () => {
    const { blocks, encoder: target } = encoder(1000)
    target.append(valuesOf([400, 400, 400, 5000, 10], 7n), 0n)
    assert.deepStrictEqual(
      blocks.map((
        { firstOffset, lastOffset, recordCount }
      ) => [firstOffset, lastOffset, recordCount]),
      [[7n, 8n, 2], [9n, 9n, 1], [10n, 10n, 1]]
    )
    assert.strictEqual(target.openRecords, 1)
    assert.isAbove(target.openBytes, 10)
    target.flush()
    assert.strictEqual(blocks.at(-1)?.firstOffset, 11n)
    assert.strictEqual(target.openRecords + target.openBytes, 0)
    target.flush()
    assert.strictEqual(blocks.length, 4)
  })

  it("starts small", () => {
    const { blocks, encoder: target } = encoder(1 << 20)
    target.append(valuesOf([10], 0n), 0n)
    target.flush()
    assert.isAtMost(blocks[0]?.bytes.buffer.byteLength ?? Infinity, 4096)
  })

  it("takes only what is not below the start", () => {
    fc.assert(fc.property(anyBatches, fc.nat(30), (batches, step) => {
      const from = batches[0]!.header.baseOffset + BigInt(step)
      const { blocks, encoder: target } = encoder(300)
      for (const batch of batches) target.append(batch, from)
      target.flush()
      const expected = batches.flatMap(archived).filter((record) => record.offset >= from)
      assert.deepStrictEqual(recordsOf(blocks), expected)
    }))
  })

  it("counts the largest record as Kafka does: key, value and headers", () => {
    const { blocks, encoder: target } = encoder(10_000)
    const headers = [[Buffer.from("name"), Buffer.from("v")], [Buffer.from("n"), null]] as const
    target.append(dataBatch([plainRecord({ key: null, value: Buffer.alloc(100), headers })]), 0n)
    target.flush()
    assert.strictEqual(blocks[0]?.largestRecord, 1 + (2 + 100) + 1 + (1 + 4 + 1 + 1) + (1 + 1 + 1))
  })

  it("takes all of a batch or nothing", () => {
    const good = valuesOf([300, 300], 0n)
    const bad = damage(valuesOf([300, 300, 300, 300], 2n), (records) => records.subarray(0, -1))
    const { blocks, encoder: target } = encoder(1000)
    target.append(good, 0n)
    const open = target.openBytes
    const error = errorOf(() => target.append(bad, 0n))
    assert.match(error.message, /^orders\.v1-3: batch at offset 2: /)
    assert.deepStrictEqual([blocks.length, target.openBytes, target.openRecords], [0, open, 2])
    target.append(valuesOf([300], 2n), 0n)
    target.flush()
    assert.deepStrictEqual(recordsOf(blocks).map((record) => record.offset), [0n, 1n, 2n])
  })

  it("finds a record count, an order or an end that does not hold", () => {
    const batch = valuesOf([3, 3], 0n)
    const of = (fields: Partial<DataBatch["header"]>) => ({
      ...batch,
      header: { ...batch.header, ...fields }
    })
    const swapped = dataBatch(
      [plainRecord({ offsetDelta: 1 }), plainRecord({ offsetDelta: 0 })],
      { lastOffsetDelta: 1 }
    )
    const cases: ReadonlyArray<readonly [DataBatch, string]> = [
      [of({ recordCount: 1 }), "Corrupt"],
      [of({ recordCount: 3 }), "Truncated"],
      [of({ lastOffsetDelta: 0 }), "Corrupt"],
      [swapped, "Corrupt"],
      [damage(batch, (records) => Buffer.concat([records, Buffer.from([0])])), "Corrupt"]
    ]
    for (const [broken, reason] of cases) {
      assert.strictEqual(errorOf(() => encoder(100).encoder.append(broken, 0n)).reason, reason)
    }
  })

  it("fails with a CodecError or encodes something whole, whatever byte is damaged", () => {
    fc.assert(
      fc.property(anyBatches, fc.nat(), fc.nat(255), ([batch], at, byte) => {
        const broken = damage(batch!, (records) => {
          records[at % records.length] = byte
          return records
        })
        const { blocks, encoder: target } = encoder(1000)
        try {
          target.append(broken, 0n)
        } catch (error) {
          assert.instanceOf(error, CodecError)
          return
        }
        target.flush()
        assert.strictEqual(recordsOf(blocks).length, broken.header.recordCount)
      }),
      { numRuns: 500 }
    )
  })
})
