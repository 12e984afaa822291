import { assert, describe, it } from "@effect/vitest"
import { freeBytes, spareBytes } from "../../src/codec/FreeBytes.ts"

describe("freeBytes", () => {
  it("gives back memory that a buffer has to itself, and empties its views", () => {
    const whole = Buffer.allocUnsafeSlow(1000)
    const view = whole.subarray(10, 20)
    freeBytes(whole)
    assert.deepStrictEqual([whole.length, view.length], [0, 0])
    freeBytes(whole)
    const spare = Buffer.from(new ArrayBuffer(1000 + spareBytes), 0, 1000)
    freeBytes(spare)
    assert.strictEqual(spare.length, 0)
  })

  it("leaves shared memory alone", () => {
    const whole = Buffer.allocUnsafeSlow(1000)
    for (const part of [whole.subarray(1), whole.subarray(0, 900), whole.subarray(0, 0)]) {
      freeBytes(part)
    }
    freeBytes(Buffer.from("small"))
    freeBytes(Buffer.from(new SharedArrayBuffer(1000)))
    assert.strictEqual(whole.length, 1000)
    assert.strictEqual(Buffer.from("still there").toString(), "still there")
  })
})
