import { assert, describe, it } from "@effect/vitest"
import { Buffer } from "node:buffer"
import { CodecError } from "../../src/codec/CodecError.ts"
import { readRecords, summarize } from "../../src/codec/RecordCursor.ts"
import { plainRecord } from "../support/Batches.ts"
import {
  archived,
  assembleBlocks,
  dataBatch,
  encodeBatches,
  orders
} from "../support/Containers.ts"

const place = Buffer.from("\x12orders.v1\x06", "latin1").toString("hex")

/** A record of the original's layout around a header section, hex. */
const around = (headers: string) => Buffer.from(`0000${headers}${place}0204`, "hex")

/** The same of ours around null positions. */
const withNulls = (headers: string, nulls: string) =>
  Buffer.from(`0000${headers}${place}0204${nulls}`, "hex")

const headersOf = (bytes: Buffer, layout: "ours" | "original") =>
  readRecords(bytes, layout, 1)[0]?.headers.map(([name, value]) => [`${name}`, value && `${value}`])

const a1 = "02610231"
const b2 = "02620232"
const empty = "026300"

describe("readRecords", () => {
  it("reads maps in one block, in several, and with sizes in front", () => {
    const expected = [["a", "1"], ["b", "2"]]
    for (
      const headers of [
        `04${a1}${b2}00`,
        `02${a1}02${b2}00`,
        `0310${a1}${b2}00`,
        `0108${a1}02${b2}00`,
        `02${a1}0108${b2}00`
      ]
    ) {
      assert.deepStrictEqual(headersOf(around(headers), "original"), expected, headers)
      const [batch] = assembleBlocks([{ bytes: around(headers), recordCount: 1 }], {
        layout: "original"
      })
      assert.include(batch?.records.toString("hex"), a1 + b2)
    }
    assert.deepStrictEqual(headersOf(around("00"), "original"), [])
  })

  it("reads null positions in any blocks", () => {
    const headers = `06${a1}${empty}${empty}00`
    const both = [["a", "1"], ["c", null], ["c", null]]
    for (const nulls of ["0204020400", "020202020400", "020304020400"]) {
      assert.deepStrictEqual(headersOf(withNulls(headers, nulls), "ours"), both, nulls)
    }
    assert.deepStrictEqual(headersOf(withNulls(headers, "0200"), "ours"), [
      ["a", "1"],
      ["c", ""],
      ["c", ""]
    ])
  })

  it("refuses null positions that cannot be", () => {
    const headers = `06${a1}${empty}${empty}00`
    for (const nulls of ["02020000", "02020600", "0204040200", "0204020200", "02020100"]) {
      const bytes = withNulls(headers, nulls)
      assert.throws(() => readRecords(bytes, "ours"), CodecError)
      assert.throws(() => assembleBlocks([{ bytes, recordCount: 1 }]), CodecError)
    }
  })

  it("refuses unions, lengths and sizes that cannot be", () => {
    for (const headers of [`0312${a1}${b2}00`, `04${a1}00`, "0203", "7f", `02${a1}`]) {
      assert.throws(() => readRecords(around(headers), "original"), CodecError)
    }
    assert.throws(() => readRecords(Buffer.from(`0400${place}`, "hex"), "ours"), /union branch 2/)
    assert.throws(() => readRecords(Buffer.from("0201", "hex"), "ours"), CodecError)
    assert.throws(() => readRecords(around("00"), "original", 2), /a block of 2 records holds 1/)
  })
})

describe("summarize", () => {
  const batches = [0n, 10n].map((baseOffset) =>
    dataBatch(
      [5n, -3n, 2n ** 62n].map((timestamp, offsetDelta) => plainRecord({ timestamp, offsetDelta })),
      { baseOffset }
    )
  )

  it("says what the encoder said", () => {
    const [block] = encodeBatches(batches)
    const { bytes, ...stats } = block!
    assert.deepStrictEqual(summarize(bytes, "ours", orders), stats)
    assert.deepStrictEqual(
      [stats.minTimestamp, stats.maxTimestamp, stats.firstOffset, stats.lastOffset],
      [-3n, 2n ** 62n, 0n, 12n]
    )
    assert.strictEqual(stats.recordCount, batches.flatMap(archived).length)
  })

  it("refuses another place, another count and a wrong order", () => {
    const [block] = encodeBatches(batches)
    const { bytes } = block!
    assert.throws(() => summarize(bytes, "ours", { ...orders, partition: 2 }), /orders\.v1-3/)
    assert.throws(() => summarize(bytes, "ours", orders, 5), /holds 6/)
    assert.throws(() => summarize(Buffer.concat([bytes, bytes]), "ours", orders), /comes after/)
    assert.strictEqual(summarize(Buffer.alloc(0), "ours", orders), undefined)
  })
})
