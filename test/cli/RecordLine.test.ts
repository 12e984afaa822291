import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { recordLine } from "../../src/cli/RecordLine.ts"
import type { ArchivedRecord } from "../../src/codec/RecordCursor.ts"

const record: ArchivedRecord = {
  topic: "orders",
  partition: 3,
  offset: 9_223_372_036_854_775_807n,
  timestamp: -1n,
  key: null,
  value: Buffer.from("a \"b\"\n"),
  headers: [[Buffer.from("h"), null], [Buffer.from("h"), Buffer.from([255])]]
}

describe("recordLine", () => {
  it("is one object with every field, in its order", () => {
    assert.strictEqual(
      recordLine(record, "utf8"),
      "{\"topic\":\"orders\",\"partition\":3,\"offset\":9223372036854775807,\"timestamp\":-1,\"key\":null," +
        "\"value\":\"a \\\"b\\\"\\n\",\"headers\":[{\"key\":\"h\",\"value\":null},{\"key\":\"h\",\"value\":\"\ufffd\"}]}\n"
    )
  })

  it("keeps all bytes as base64", () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => {
      const line: unknown = JSON.parse(
        recordLine({ ...record, value: Buffer.from(bytes) }, "base64")
      )
      const value: unknown = Reflect.get(Object(line), "value")
      assert.isTrue(Buffer.from(String(value), "base64").equals(Buffer.from(bytes)))
    }))
  })

  it("puts JSON into the line as it is, and what is none as text", () => {
    const value = (text: string) =>
      recordLine({ ...record, headers: [], value: Buffer.from(text) }, "json")
    assert.include(
      value("{\"id\": 12345678901234567890,\r\n \"a\": [1]}"),
      "\"value\":{\"id\": 12345678901234567890,  \"a\": [1]},"
    )
    assert.include(value("{"), "\"value\":\"{\",")
    assert.include(value(" 1\n"), "\"value\":1,")
    assert.include(value(""), "\"value\":\"\",")
  })

  it("is one line of JSON whatever JSON is in it", () => {
    fc.assert(fc.property(fc.json(), fc.integer({ min: 0, max: 4 }), (text, indent) => {
      const pretty = JSON.stringify(JSON.parse(text), undefined, indent)
      const line = recordLine({ ...record, value: Buffer.from(pretty) }, "json")
      assert.strictEqual(line.indexOf("\n"), line.length - 1)
      const parsed: unknown = JSON.parse(line)
      assert.deepStrictEqual(Reflect.get(Object(parsed), "value"), JSON.parse(text))
    }))
  })
})
