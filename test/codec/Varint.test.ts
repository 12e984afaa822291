import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { CodecError } from "../../src/codec/CodecError.ts"
import {
  sizeOfVarint,
  sizeOfVarlong,
  VarintReader,
  writeVarint,
  writeVarlong
} from "../../src/codec/Varint.ts"

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })

const longBytes = (value: bigint) => {
  const bytes = Buffer.alloc(sizeOfVarlong(value))
  expect(writeVarlong(bytes, 0, value)).toBe(bytes.length)
  return bytes
}

describe("Varint", () => {
  it("writes the zigzag examples of the Avro specification", () => {
    const examples: ReadonlyArray<readonly [number, string]> = [
      [0, "00"],
      [-1, "01"],
      [1, "02"],
      [-2, "03"],
      [-64, "7f"],
      [64, "8001"],
      [2147483647, "feffffff0f"],
      [-2147483648, "ffffffff0f"]
    ]
    for (const [value, hex] of examples) {
      const bytes = Buffer.alloc(sizeOfVarint(value))
      expect(writeVarint(bytes, 0, value)).toBe(bytes.length)
      expect(bytes.toString("hex")).toBe(hex)
      expect(new VarintReader(bytes).readInt()).toBe(value)
    }
    expect(longBytes(-(2n ** 63n)).toString("hex")).toBe("ffffffffffffffffff01")
  })

  it("reads back every int64 exactly", () => {
    fc.assert(fc.property(int64, (value) => {
      const reader = new VarintReader(longBytes(value))
      const fast = reader.readNumber()
      if (Number.isNaN(fast)) {
        expect(reader.position).toBe(0)
        expect(value >= -(2n ** 53n) && value < 2n ** 53n).toBe(false)
        expect(reader.readBigInt()).toBe(value)
      } else expect(BigInt(fast)).toBe(value)
      expect(reader.position).toBe(reader.end)
    }))
  })

  it("writes the same bytes for a number as for its bigint", () => {
    const edges = [2 ** 52, 2 ** 52 - 1, -(2 ** 52), -(2 ** 52) - 1, 2 ** 31, -(2 ** 31) - 1]
    const numbers = fc.oneof(fc.maxSafeInteger(), fc.integer(), fc.constantFrom(...edges))
    fc.assert(
      fc.property(numbers, (value) => {
        const bytes = Buffer.alloc(sizeOfVarint(value))
        expect(writeVarint(bytes, 0, value)).toBe(bytes.length)
        expect(bytes).toEqual(longBytes(BigInt(value)))
        const reader = new VarintReader(bytes)
        expect(reader.readBigInt()).toBe(BigInt(value))
      }),
      { numRuns: 1000 }
    )
  })

  it("names a varint that runs over the end", () => {
    fc.assert(fc.property(int64, (value) => {
      const bytes = longBytes(value)
      const reader = new VarintReader(bytes, 0, bytes.length - 1)
      expect(() => reader.readBigInt()).toThrow(/runs over the end/)
      if (bytes.length <= 8) expect(() => reader.readNumber()).toThrow(/runs over the end/)
    }))
  })

  it("refuses a varint that is too long for its type", () => {
    const endless = Buffer.alloc(12, 0xff)
    expect(() => new VarintReader(endless).readInt()).toThrow(CodecError)
    expect(() => new VarintReader(endless).readBigInt()).toThrow(CodecError)
    expect(() => new VarintReader(Buffer.from("ffffffff1f", "hex")).readInt()).toThrow(/32 bits/)
    const tenth = Buffer.from("ffffffffffffffffff02", "hex")
    expect(() => new VarintReader(tenth).readBigInt()).toThrow(/64 bits/)
  })

  it("reads any five bytes as an int32 or refuses them", () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 6 }), (bytes) => {
      try {
        const value = new VarintReader(bytes).readInt()
        expect(value).toBe(Number(new VarintReader(bytes).readBigInt()))
      } catch (error) {
        expect(error).toBeInstanceOf(CodecError)
      }
    }))
  })
})
