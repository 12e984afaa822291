import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { Buffer } from "node:buffer"
import type { AssembledBatch } from "../../src/codec/BatchAssembler.ts"
import { BatchAssembler } from "../../src/codec/BatchAssembler.ts"
import { BufferPool } from "../../src/codec/BufferPool.ts"
import { RecordEncoder } from "../../src/codec/RecordEncoder.ts"
import {
  assembleBlocks,
  type DecodedBlock,
  encodeBatches,
  orders,
  sourceOffsetHeader
} from "../support/Containers.ts"
import { anyBatches } from "../support/RecordArbitraries.ts"

describe("BufferPool", () => {
  it("hands out what was given back, of its own size only, and keeps no more than it may", () => {
    const pool = new BufferPool(100, 250)
    const [one, two, three] = [pool.take(), pool.take(), pool.take()]
    const other = Buffer.allocUnsafeSlow(50)
    pool.give(other.subarray(0, 7))
    pool.give(other)
    assert.strictEqual(other.length, 0)
    pool.give(one.subarray(3, 5))
    pool.give(one)
    pool.give(two)
    pool.give(three)
    const buffers = new Set([pool.take().buffer, pool.take().buffer])
    assert.isTrue(buffers.has(one.buffer) && buffers.has(two.buffer))
    assert.isFalse(buffers.has(pool.take().buffer))
  })

  it("changes nothing about blocks and batches", () => {
    fc.assert(fc.property(anyBatches, fc.integer({ min: 100, max: 2000 }), (batches, size) => {
      const buffers = new BufferPool(size, 4 * size)
      const blocks: Array<DecodedBlock> = []
      const encoder = new RecordEncoder(orders, {
        blockBytes: size,
        buffers,
        onBlock: ({ bytes, recordCount }) => {
          blocks.push({ bytes: Buffer.from(bytes), recordCount })
          buffers.give(bytes.fill(0xee))
        }
      })
      for (const batch of batches) encoder.append(batch, 0n)
      encoder.flush()
      assert.deepStrictEqual(
        blocks.map(({ bytes }) => bytes),
        encodeBatches(batches, size).map(({ bytes }) => bytes)
      )

      const assembled: Array<AssembledBatch> = []
      const assembler = new BatchAssembler(orders, {
        maxBatchBytes: size,
        layout: "ours",
        sourceOffsetHeader,
        buffers,
        onBatch: (batch) => {
          assembled.push({ ...batch, records: Buffer.from(batch.records) })
          buffers.give(batch.records.fill(0xee))
        }
      })
      for (const block of blocks) assembler.append(block.bytes, block.recordCount, -1n)
      assembler.flush()
      assert.deepStrictEqual(assembled, assembleBlocks(blocks, { maxBatchBytes: size }))
    }))
  })
})
