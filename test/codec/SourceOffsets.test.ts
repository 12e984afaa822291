import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import fc from "fast-check"
import { readPlainRecords } from "../../src/codec/PlainRecords.ts"
import { sourceOffsetsIn } from "../../src/codec/SourceOffsets.ts"
import { sourceOffsetOf } from "../../streams/restore/TargetTail.ts"
import { buildBatch, buildCompressedBatch, plainRecord, readBatches } from "../support/Batches.ts"

const name = Buffer.from("restore.source-offset")
const maxOffset = 2n ** 63n - 1n

const anyValue = fc.oneof(
  { weight: 4, arbitrary: fc.bigInt(0n, maxOffset).map(String) },
  { weight: 2, arbitrary: fc.nat().map(String) },
  fc.constantFrom("", "-1", "12x", "007", String(maxOffset), "99999999999999999999")
).map((text) => Buffer.from(text))

const anyHeader = fc.tuple(
  fc.oneof(
    fc.constant(name),
    fc.constantFrom("restore.source-offse", "restore.source-offset2", "", "a").map((text) =>
      Buffer.from(text)
    )
  ),
  fc.option(anyValue)
)

const anyBatch = fc.array(
  fc.record({ headers: fc.array(anyHeader, { maxLength: 3 }), hole: fc.boolean() }),
  { minLength: 1, maxLength: 6 }
)

interface Shape {
  readonly headers: ReadonlyArray<readonly [Buffer, Buffer | null]>
  readonly hole: boolean
}

/** One batch after the other, with holes in them. */
const build = (batches: ReadonlyArray<ReadonlyArray<Shape>>) => {
  let baseOffset = 1000n
  return Buffer.concat(batches.map((batch) => {
    const records = batch.flatMap(({ headers, hole }, offsetDelta) =>
      hole ? [] : [plainRecord({ headers, offsetDelta })]
    )
    const lastOffsetDelta = batch.length - 1
    const bytes = buildBatch(records, { baseOffset, lastOffsetDelta })
    baseOffset += BigInt(batch.length)
    return bytes
  }))
}

describe("sourceOffsetsIn", () => {
  it.effect("finds what reading whole records finds", () =>
    Effect.promise(() =>
      fc.assert(fc.asyncProperty(fc.array(anyBatch, { maxLength: 4 }), async (all) => {
        const batches = all.length === 0 ? [] : await Effect.runPromise(readBatches(build(all)))
        const found = sourceOffsetsIn(batches, name)
        const records = batches.map((batch) => readPlainRecords(batch))
        const restored = records.flat().flatMap((record) => {
          const source = sourceOffsetOf(record)
          // Nineteen digits can be more than an offset can.
          return source === undefined || source > maxOffset ? [] : [[record.offset, source]]
        })
        assert.deepStrictEqual([...found.offsets].map((at, n) => [at, found.sources[n]!]), restored)
        const last = records.flatMap((batch) => batch.slice(-1).map(({ offset }) => offset))
        assert.deepStrictEqual(found.lastRecords, last)
      }))
    ))

  it.effect("refuses a batch that says more records than it has bytes for", () =>
    Effect.gen(function*() {
      const [batch] = yield* readBatches(yield* buildCompressedBatch([plainRecord()], "lz4"))
      const header = { ...batch!.header, recordCount: 2 ** 31 - 1, lastOffsetDelta: 2 ** 31 - 2 }
      assert.throws(() => sourceOffsetsIn([{ ...batch!, header }], name), /2147483647 records/)
    }))
})
