import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import fc from "fast-check"
import { byteSource } from "../../src/codec/ByteSource.ts"

const numbers = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, at) => at % 251))

/** Cut at any places, each chunk with memory of its own. */
const chunksOf = (whole: Buffer, cuts: ReadonlyArray<number>): ReadonlyArray<Buffer> => {
  let from = 0
  return [...cuts, whole.length].map((size) => {
    const chunk = Buffer.alloc(Math.min(size, whole.length - from))
    from += whole.copy(chunk, 0, from)
    return chunk
  })
}

const step = fc.record({ kind: fc.constantFrom("peek", "take"), length: fc.nat(300) })

describe("byteSource", () => {
  it("gives the bytes of the chunks, however these are cut, and whatever is asked for", () =>
    fc.assert(
      fc.asyncProperty(
        fc.nat(1000),
        fc.array(fc.nat(200), { maxLength: 10 }),
        fc.array(step, { maxLength: 20 }),
        fc.boolean(),
        (length, cuts, steps, owned) =>
          Effect.gen(function*() {
            const whole = numbers(length)
            const chunks = chunksOf(whole, cuts)
            const pull = yield* Stream.toPull(Stream.fromIterable(chunks))
            const source = byteSource(pull, owned)
            const pieces: Array<readonly [Buffer, Buffer]> = []
            let at = 0
            for (const { kind, length } of steps) {
              const expected = whole.subarray(at, at + length)
              yield* source.arrive(length)
              assert.strictEqual(source.ended() || source.available() >= length, true)
              const piece = kind === "peek" ? source.peek(length) : source.take(length)
              assert.deepStrictEqual(Buffer.from(piece), Buffer.from(expected))
              if (kind === "peek") continue
              pieces.push([piece, expected])
              at += expected.length
              assert.strictEqual(source.position(), at)
            }
            for (const [piece, expected] of pieces) assert.isTrue(piece.equals(expected))
            yield* source.arrive(length + 1)
            assert.isTrue(source.ended())
            const rest = source.take(length)
            assert.isTrue(rest.equals(whole.subarray(at)))
            if (owned) assert.isTrue(chunks.every((chunk) => chunk.length === 0))
            else assert.strictEqual(Buffer.concat(chunks).compare(whole), 0)
          }).pipe(Effect.scoped, Effect.runPromise)
      )
    ))
})
