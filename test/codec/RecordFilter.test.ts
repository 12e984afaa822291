import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import { RecordCursor } from "../../src/codec/RecordCursor.ts"
import { recordFilter } from "../../src/codec/RecordFilter.ts"
import { writeRecords } from "../../src/codec/RecordWriter.ts"
import { isInRange } from "../../src/domain/RecordRange.ts"
import { archivedRecord } from "../support/RestoreHarness.ts"

const source = { topic: "orders", partition: 0 }
const unbounded = {
  fromOffset: undefined,
  toOffset: undefined,
  fromTimeMs: undefined,
  toTimeMs: undefined
}

const most = 2n ** 63n - 1n
const offsets = fc.oneof(
  fc.bigInt({ min: 0n, max: 20n }),
  fc.bigInt({ min: 2n ** 53n - 3n, max: 2n ** 53n + 3n }),
  fc.bigInt({ min: most - 3n, max: most })
)
const times = fc.oneof(offsets, fc.bigInt({ min: -20n, max: 20n }))
const bound = (values: fc.Arbitrary<bigint>) => fc.option(values, { nil: undefined })

describe("recordFilter", () => {
  it("is nothing when all records are meant", () => {
    assert.isUndefined(recordFilter(unbounded))
  })

  it("decides as the range does, also where numbers are not exact", () => {
    fc.assert(
      fc.property(
        offsets,
        times,
        fc.record({
          fromOffset: bound(offsets),
          toOffset: bound(offsets),
          fromTimeMs: bound(times),
          toTimeMs: bound(times)
        }),
        (offset, timestamp, range) => {
          const bytes = writeRecords([{ ...archivedRecord(source, 0), offset, timestamp }])
          const cursor = new RecordCursor(bytes, "ours")
          cursor.next()
          const takes = recordFilter(range)?.(cursor) ?? true
          assert.strictEqual(takes, isInRange(range, offset, timestamp))
        }
      ),
      { numRuns: 2000 }
    )
  })
})

describe("contentBytes", () => {
  it("counts keys, values and headers without their lengths", () => {
    const record = archivedRecord(source, 1, {
      key: null,
      value: Buffer.alloc(70_000),
      headers: [[Buffer.from("name"), Buffer.from("value")], [Buffer.from("n"), null]]
    })
    const cursor = new RecordCursor(writeRecords([record]), "ours")
    cursor.next()
    assert.strictEqual(cursor.contentBytes, 70_000 + 9 + 1)
    for (const length of [0, 1, 63, 64, 8191, 8192, 1_048_575, 1_048_576]) {
      const key = Buffer.alloc(length)
      const one = new RecordCursor(
        writeRecords([archivedRecord(source, 1, { key, value: null })]),
        "ours"
      )
      one.next()
      assert.strictEqual(one.contentBytes, length)
    }
  })
})
