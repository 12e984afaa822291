import { it } from "@effect/vitest"
import { Effect, Either } from "effect"
import fc from "fast-check"
import { Buffer } from "node:buffer"
import zlib from "node:zlib"
import { describe, expect } from "vitest"
import { CodecError } from "../../src/codec/CodecError.ts"
import { compress, decompress, decompressBytes } from "../../src/codec/Compression.ts"

const codecs = ["none", "gzip", "snappy", "lz4", "zstd"] as const
const compressing = codecs.filter((codec) => codec !== "none")

/** Repeats itself, as records do, and does not, as ids do. */
const content = fc.tuple(fc.uint8Array({ maxLength: 600 }), fc.integer({ min: 1, max: 40 })).map(
  ([bytes, times]) => Buffer.concat(Array.from({ length: times }, () => Buffer.from(bytes)))
)
const codec = fc.constantFrom(...compressing)

const large = Buffer.concat(
  Array.from({ length: 60_000 }, (_, i) => Buffer.from(`{"order":${i * 7919},"price":${i % 997}}`))
)

describe("Compression", () => {
  it.effect.prop(
    "returns what went in",
    [fc.constantFrom(...codecs), content],
    ([codec, bytes]) =>
      Effect.gen(function*() {
        const packed = yield* compress(codec, bytes)
        expect(yield* decompress(codec, packed, "test")).toEqual(bytes)
      })
  )

  it.effect.prop("fails for any part that is cut off", [
    codec,
    content,
    fc.double({ min: 0, max: 1, noNaN: true })
  ], ([codec, bytes, where]) =>
    Effect.gen(function*() {
      const packed = yield* compress(codec, bytes)
      const cut = packed.subarray(0, Math.floor(where * (packed.length - 1)))
      const error = yield* Effect.flip(decompress(codec, cut, "orders-3"))
      expect(error).toBeInstanceOf(CodecError)
      expect(error.message).toMatch(/^orders-3: /)
    }))

  it.effect.prop("accounts for every byte of the input", [
    codec,
    content,
    fc.uint8Array({ minLength: 1, maxLength: 30 })
  ], ([codec, bytes, more]) =>
    Effect.gen(function*() {
      const packed = yield* compress(codec, bytes)
      const result = yield* Effect.either(decompress(codec, Buffer.concat([packed, more]), "test"))
      // The header of a raw snappy block tells the length of its content, not its own.
      if (Either.isRight(result)) expect(codec).toBe("snappy")
      else expect(result.left).toBeInstanceOf(CodecError)
    }))

  it.effect.prop("yields the content or a CodecError for a damaged byte", [
    codec,
    content,
    fc.nat(),
    fc.integer({ min: 1, max: 255 })
  ], ([codec, bytes, at, mask]) =>
    Effect.gen(function*() {
      const packed = Buffer.from(yield* compress(codec, bytes))
      packed[at % packed.length]! ^= mask
      const result = yield* Effect.either(decompress(codec, packed, "test"))
      if (Either.isLeft(result)) expect(result.left).toBeInstanceOf(CodecError)
      // Snappy and lz4 carry no checksum: the one of the record batch finds their damage.
      else if (codec === "gzip" || codec === "zstd") expect(result.right).toEqual(bytes)
    }))

  it.effect("keeps many large buffers apart", () =>
    Effect.forEach(
      compressing,
      (codec) =>
        Effect.forEach(Array.from({ length: 20 }, (_, i) => i), (i) =>
          Effect.gen(function*() {
            const bytes = large.subarray(i * 1000, large.length - i * 3000)
            const packed = yield* compress(codec, bytes)
            expect(packed.length).toBeLessThan(bytes.length)
            expect((yield* decompress(codec, packed, "test")).equals(bytes)).toBe(true)
          }), { concurrency: "unbounded" })
    ))

  it.effect("goes on after failures", () =>
    Effect.gen(function*() {
      for (const codec of ["gzip", "zstd"] as const) {
        const packed = Buffer.from(yield* compress(codec, large))
        packed[packed.length >>> 1]! ^= 0x55
        const results = yield* Effect.forEach(Array.from({ length: 30 }), () =>
          Effect.either(decompress(codec, packed, "test")), { concurrency: "unbounded" })
        expect(results.every(Either.isLeft)).toBe(true)
        const whole = yield* compress(codec, large)
        expect((yield* decompress(codec, whole, "test")).equals(large)).toBe(true)
      }
    }))

  it.effect.prop(
    "refuses to expand beyond the limit",
    [codec],
    ([codec]) =>
      Effect.gen(function*() {
        const packed = yield* compress(codec, Buffer.alloc(6_000_000))
        const refusal = expect(decompressBytes(codec, packed, 5_000_000)).rejects
        yield* Effect.promise(() => refusal.toThrow(/expands? to more than 5000000 bytes/))
      })
  )

  it.effect("reads concatenated gzip members", () =>
    Effect.gen(function*() {
      const members = Buffer.concat([zlib.gzipSync("one,"), zlib.gzipSync("two")])
      expect((yield* decompress("gzip", members, "test")).toString()).toBe("one,two")
    }))

  it.effect("takes the level", () =>
    Effect.gen(function*() {
      for (const codec of ["gzip", "zstd"] as const) {
        const [fast, small] = [yield* compress(codec, large, 1), yield* compress(codec, large, 9)]
        expect(small.length).toBeLessThan(fast.length)
        expect((yield* decompress(codec, small, "test")).equals(large)).toBe(true)
      }
    }))
})
