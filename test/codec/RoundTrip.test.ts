import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import fc from "fast-check"
import { Buffer } from "node:buffer"
import { readRecords, summarize } from "../../src/codec/RecordCursor.ts"
import { writeRecords } from "../../src/codec/RecordWriter.ts"
import {
  archived,
  assembleBlocks,
  decodeContainer,
  encodeBatches,
  orders,
  recordsOf,
  restored,
  sourceOffsetHeader,
  writeContainer
} from "../support/Containers.ts"
import { anyBatches } from "../support/RecordArbitraries.ts"

const sourceOffset = (offset: bigint) =>
  [Buffer.from(sourceOffsetHeader), Buffer.from(String(offset))] as const

const expectedRestore = (batches: Parameters<typeof encodeBatches>[0]) =>
  batches.flatMap(archived).map(({ headers, key, offset, timestamp, value }) => ({
    key,
    value,
    timestamp,
    headers: [sourceOffset(offset), ...headers]
  }))

describe("batch to Avro and back", () => {
  it("archives every record exactly", () => {
    fc.assert(fc.property(anyBatches, fc.integer({ min: 1, max: 3000 }), (batches, blockBytes) => {
      const blocks = encodeBatches(batches, blockBytes)
      assert.deepStrictEqual(recordsOf(blocks), batches.flatMap(archived))
      for (const block of blocks) {
        const { bytes, ...stats } = block
        assert.deepStrictEqual(summarize(bytes, "ours", orders, block.recordCount), stats)
        assert.isTrue(block.recordCount === 1 || bytes.length <= blockBytes)
        assert.isTrue(writeRecords(readRecords(bytes, "ours")).equals(bytes))
      }
    }))
  })

  it("restores every record exactly, behind its source offset", () => {
    fc.assert(
      fc.property(anyBatches, fc.integer({ min: 1, max: 4000 }), (batches, maxBatchBytes) => {
        const assembled = assembleBlocks(encodeBatches(batches), { maxBatchBytes })
        const records = assembled.flatMap((batch) => {
          assert.isTrue(batch.recordCount === 1 || batch.records.length + 61 <= maxBatchBytes)
          const records = restored(batch)
          assert.deepStrictEqual(
            records.map((record) => record.offsetDelta),
            records.map((_, index) => index)
          )
          return records
        })
        assert.deepStrictEqual(
          records.map(({ headers, key, timestamp, value }) => ({ key, value, timestamp, headers })),
          expectedRestore(batches)
        )
      })
    )
  })

  it.effect("passes through a container read in chunks of any size", () =>
    Effect.promise(() =>
      fc.assert(fc.asyncProperty(
        anyBatches,
        fc.integer({ min: 1, max: 5000 }),
        (batches, chunkSize) =>
          Effect.runPromise(Effect.gen(function*() {
            const bytes = yield* writeContainer(encodeBatches(batches, 500))
            const blocks = yield* decodeContainer(bytes, chunkSize)
            assert.deepStrictEqual(recordsOf(blocks), batches.flatMap(archived))
          }))
      ))
    ))
})
