import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { continued, pathOfKey, pathProblem } from "../../src/domain/FilePath.ts"
import { compareKeys } from "../../src/domain/ObjectKey.ts"

const keyOf = (names: ReadonlyArray<string>): string =>
  names.map((name, at) => continued(name) ?? (at === names.length - 1 ? name : `${name}/`)).join("")

describe("FilePath", () => {
  it("gives every key a path of short names, and the key back", () => {
    const part = fc.string({ unit: "grapheme", minLength: 1, maxLength: 400 })
    fc.assert(fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
      const key = parts.join("/")
      fc.pre(pathProblem(key) === undefined)
      const names = pathOfKey(key)
      assert.strictEqual(keyOf(names), key)
      for (const name of names) assert.isAtMost(Buffer.byteLength(name), 255)
    }))
  })
})

describe("compareKeys", () => {
  it("orders as UTF-8 bytes do", () => {
    const text = fc.string({
      unit: fc.constantFrom(..."a/-.0\u00e9\ud7ff\ue000\uffff\u{10000}\u{10ffff}"),
      maxLength: 4
    })
    fc.assert(fc.property(text, text, (left, right) => {
      const expected = Buffer.compare(Buffer.from(left), Buffer.from(right))
      assert.strictEqual(Math.sign(compareKeys(left, right)), expected)
    }))
  })
})
