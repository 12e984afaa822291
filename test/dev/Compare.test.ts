/** The comparison of demo and tests has to notice what it is there for. */
import { assert, describe, it } from "@effect/vitest"
import { compareRestored } from "../../dev/truth/Compare.ts"
import type { TrueRecord } from "../../dev/truth/Truth.ts"

const record = (offset: number, change: Partial<TrueRecord> = {}): TrueRecord => ({
  topic: "orders",
  partition: 0,
  offset,
  timestamp: 1000,
  timestampType: "CreateTime",
  key: "01",
  value: null,
  headers: [["trace", "ff"]],
  ...change
})

const restored = (sourceOffset: string, offset: number, change: Partial<TrueRecord> = {}) =>
  record(offset, {
    headers: [["restore.source-offset", Buffer.from(sourceOffset).toString("hex")], [
      "trace",
      "ff"
    ]],
    ...change
  })

const source = [record(7), record(9)]
const good = [restored("7", 0), restored("9", 1)]

describe("compareRestored", () => {
  it("finds nothing when all is well", () => {
    assert.deepStrictEqual(compareRestored(source, good), [])
  })

  it("follows the topic prefix", () => {
    const renamed = good.map((record) => ({ ...record, topic: "new.orders" }))
    assert.deepStrictEqual(compareRestored(source, renamed, "new."), [])
    assert.lengthOf(compareRestored(source, renamed), 2)
  })

  it.each([
    ["a missing record", good.slice(0, 1)],
    ["a record too many", [...good, restored("9", 2)]],
    ["another order", [restored("9", 0), restored("7", 1)]],
    ["another key", [restored("7", 0, { key: "02" }), restored("9", 1)]],
    ["an empty value for null", [restored("7", 0, { value: "" }), restored("9", 1)]],
    ["another timestamp", [restored("7", 0, { timestamp: 1001 }), restored("9", 1)]],
    ["a missing header", [restored("7", 0, { headers: [] }), restored("9", 1)]],
    ["a wrong source offset", [restored("8", 0), restored("9", 1)]],
    ["another partition", good.map((record) => ({ ...record, partition: 1 }))]
  ])("finds %s", (_name, records) => {
    assert.isNotEmpty(compareRestored(source, records))
  })
})
