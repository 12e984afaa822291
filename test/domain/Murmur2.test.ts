import { assert, describe, it } from "@effect/vitest"
import { murmur2, partitionOfKey } from "../../src/domain/Murmur2.ts"

/** From `UtilsTest.testMurmur2` of Apache Kafka. */
const vectors: ReadonlyArray<readonly [string, number]> = [
  ["21", -973932308],
  ["foobar", -790332482],
  ["a-little-bit-long-string", -985981536],
  ["a-little-bit-longer-string", -1486304829],
  ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971],
  ["abc", 479470107]
]

describe("murmur2", () => {
  for (const [text, hash] of vectors) {
    it(`hashes ${text} as Java does`, () => {
      assert.strictEqual(murmur2(Buffer.from(text)), hash)
    })
  }

  it("clears the sign bit before it chooses a partition", () => {
    assert.strictEqual(partitionOfKey(Buffer.from("21"), 7), (-973932308 & 0x7fffffff) % 7)
    assert.strictEqual(partitionOfKey(Buffer.from("abc"), 10), 479470107 % 10)
  })
})
