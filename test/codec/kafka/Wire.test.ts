import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { CodecError } from "../../../src/codec/CodecError.ts"
import { decodeResponse } from "../../../src/codec/kafka/Api.ts"
import { fetch } from "../../../src/codec/kafka/Fetch.ts"
import { metadata } from "../../../src/codec/kafka/Metadata.ts"
import { produce } from "../../../src/codec/kafka/Produce.ts"
import { WireReader } from "../../../src/codec/kafka/WireReader.ts"
import { WireWriter } from "../../../src/codec/kafka/WireWriter.ts"
import { payloadOf } from "./wireTruth.ts"

const written = (write: (to: WireWriter) => void): WireReader => {
  const writer = new WireWriter(1)
  write(writer)
  return new WireReader(writer.bytes())
}

describe("WireReader reads what WireWriter wrote", () => {
  it("numbers and text", () => {
    fc.assert(fc.property(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.integer(),
      fc.integer({ min: 0, max: 2 ** 31 - 1 }),
      fc.string({ unit: "grapheme" }),
      fc.option(fc.string({ unit: "grapheme" })),
      fc.uint8Array(),
      (long, int, unsigned, text, nullable, bytes) => {
        const reader = written((to) => {
          to.int64(long)
          to.int32(int)
          to.unsignedVarint(unsigned)
          to.compactString(text)
          to.nullableString(nullable)
          to.byteArray(bytes)
        })
        assert.strictEqual(reader.int64(), long)
        assert.strictEqual(reader.int32(), int)
        assert.strictEqual(reader.unsignedVarint(), unsigned)
        assert.strictEqual(reader.compactString(), text)
        assert.strictEqual(reader.nullableString(), nullable)
        assert.deepStrictEqual([...reader.byteArray()], [...bytes])
        assert.strictEqual(reader.remaining, 0)
      }
    ))
  })

  it("steps over tagged fields that it does not know", () => {
    const reader = written((to) => {
      to.unsignedVarint(2)
      for (const tag of [0, 300]) {
        to.unsignedVarint(tag)
        to.unsignedVarint(3)
        to.raw(Buffer.from("abc"))
      }
      to.int8(7)
    })
    reader.skipTags()
    assert.strictEqual(reader.int8(), 7)
  })
})

describe("damaged answers", () => {
  const apis = [
    [metadata, "metadata.answer"],
    [fetch, "fetch.answer"],
    [produce, "produce.answer"]
  ] as const

  it("give a CodecError wherever they end", () => {
    for (const [api, name] of apis) {
      const whole = payloadOf(api, name)
      for (let length = 0; length < whole.length; length++) {
        const attempt = () => decodeResponse<never, unknown>(api, whole.subarray(0, length))
        assert.throws(attempt, CodecError)
      }
    }
  })

  it("give a CodecError or a value, never anything else", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const [api] of apis) {
        try {
          decodeResponse<never, unknown>(api, Buffer.from(bytes))
        } catch (error) {
          assert.instanceOf(error, CodecError)
        }
      }
    }))
  })
})
