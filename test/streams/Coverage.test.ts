import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import type { Span } from "../../streams/archive/Coverage.ts"
import { Coverage } from "../../streams/archive/Coverage.ts"

const spansOf = (spans: ReadonlyArray<Span>) => {
  const coverage = new Coverage()
  for (const span of spans) coverage.add(span)
  return coverage.spans
}

const file = (from: number, until: number, kind: Span["kind"] = "archived"): Span => ({
  kind,
  from: BigInt(from),
  until: BigInt(until),
  files: 1
})

describe("Coverage", () => {
  it("leaves out what is there already", () => {
    assert.deepStrictEqual(spansOf([file(0, 10), file(5, 15), file(3, 9)]), [
      file(0, 10),
      file(10, 15)
    ])
  })

  it("stays small, and keeps files, ends, and what is wrong", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.nat(), (count, at) => {
        const bad = at % count
        const spans = spansOf(
          Array.from(
            { length: count },
            (_, each) => file(each * 10, each * 10 + 10, each === bad ? "damaged" : "archived")
          )
        )
        assert.isAtMost(spans.length, 513)
        assert.strictEqual(
          spans.reduce((sum, { files }) => sum + files, 0),
          count
        )
        assert.strictEqual(spans[0]?.from, 0n)
        assert.strictEqual(spans.at(-1)?.until, BigInt(count * 10))
        for (const [each, span] of spans.entries()) {
          if (each > 0) assert.strictEqual(span.from, spans[each - 1]?.until)
        }
        assert.deepStrictEqual(spans.filter(({ kind }) => kind === "damaged"), [
          file(bad * 10, bad * 10 + 10, "damaged")
        ])
      }),
      { numRuns: 20 }
    )
  })
})
