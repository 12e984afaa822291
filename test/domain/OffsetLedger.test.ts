import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { addGaps } from "../../src/domain/FileAccount.ts"
import type { GapCounts } from "../../src/domain/FileFacts.ts"
import { noGaps } from "../../src/domain/FileFacts.ts"
import { makeOffsetLedger } from "../../src/domain/OffsetLedger.ts"

type Step =
  | { readonly kind: "data"; readonly records: number; readonly compacted: number }
  | { readonly kind: "control" | "aborted" | "deleted"; readonly span: number }
  | { readonly kind: "settle" }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("data" as const),
    records: fc.nat({ max: 5 }),
    compacted: fc.nat({ max: 3 })
  }),
  fc.record({
    kind: fc.constantFrom("control" as const, "aborted" as const, "deleted" as const),
    span: fc.integer({ min: 1, max: 4 })
  }),
  fc.constant({ kind: "settle" as const })
)

const total = (gaps: GapCounts) =>
  gaps.compacted + gaps.control + gaps.aborted + gaps.deleted + gaps.unknown

describe("offset ledger", () => {
  it("accounts for every offset exactly once, with its reason", () => {
    fc.assert(fc.property(fc.array(step), fc.nat(), (steps, start) => {
      const ledger = makeOffsetLedger(BigInt(start))
      const truth = { ...noGaps }
      let counted = noGaps
      let covered = BigInt(start)
      let open = 0
      for (const one of steps) {
        if (one.kind === "data") {
          // The records lie at the end of the batch's span, what was compacted in front of them.
          open += one.records
          truth.compacted += one.compacted
          ledger.advance(ledger.position + BigInt(one.records + one.compacted))
        } else if (one.kind === "settle") {
          const account = open > 0 ? ledger.settle(ledger.position, open) : ledger.settleTail()
          open = 0
          if (account === undefined) continue
          counted = addGaps(counted, account.gaps)
          covered = account.coverageNext
        } else {
          truth[one.kind] += one.span
          ledger.skip(ledger.position + BigInt(one.span), one.kind)
        }
      }
      const rest = ledger.settle(ledger.position, open)
      counted = addGaps(counted, rest.gaps)
      assert.deepStrictEqual(counted, truth)
      assert.isTrue(rest.coverageNext >= covered)
      assert.strictEqual(rest.coverageNext, ledger.position)
      assert.strictEqual(total(counted), total(truth))
    }))
  })

  it("gives a marker in front of the batch being read to the block that ends before it", () => {
    const ledger = makeOffsetLedger(0n)
    ledger.advance(11n)
    ledger.skip(12n, "control")
    // The block was full at offset 10; the batch at 12 pushes it out.
    const full = ledger.settle(11n, 11)
    assert.deepStrictEqual(full, { coverageNext: 12n, gaps: { ...noGaps, control: 1 } })
    ledger.advance(13n)
    assert.deepStrictEqual(ledger.settle(13n, 1), { coverageNext: 13n, gaps: noGaps })
    assert.isUndefined(ledger.settleTail())
  })
})
