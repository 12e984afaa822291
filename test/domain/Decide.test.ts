import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import type { DecideInput, LocatedFacts } from "../../src/domain/Decide.ts"
import { decide } from "../../src/domain/Decide.ts"
import type { Verdict } from "../../src/domain/Translation.ts"

/** Restored up to source offset 40, at target offset 30; the partition ends at 33. */
const located: LocatedFacts = {
  start: 5n,
  end: 33n,
  last: { source: 40n, target: 30n },
  afterLast: 33n,
  positions: new Map([[0n, 5n], [17n, 12n], [40n, 30n]])
}

const empty: LocatedFacts = {
  start: 3n,
  end: 3n,
  last: undefined,
  afterLast: 3n,
  positions: new Map()
}

const ahead: DecideInput = {
  committed: 50n,
  located,
  archive: "unknown",
  plan: "unknown",
  onAhead: "wait",
  once: false
}

const shown = (verdict: Verdict): string =>
  verdict.kind === "at" ? `${verdict.status} at ${verdict.offset}` : verdict.kind

/** The same whatever archive, plan and policy say. */
const always = (changes: Partial<DecideInput>) => {
  const verdicts = new Set<string>()
  for (const archive of ["unknown", "holds", "none"] as const) {
    for (const plan of ["unknown", "pending", "done"] as const) {
      for (const onAhead of ["wait", "latest", "fail"] as const) {
        for (const once of [true, false]) {
          const verdict = decide({ ...ahead, archive, plan, onAhead, once, ...changes })
          verdicts.add(shown(verdict))
        }
      }
    }
  }
  return [...verdicts]
}

describe("decide", () => {
  it.each([
    [0n, "exact at 5"],
    [17n, "exact at 12"],
    [40n, "exact at 30"],
    [41n, "exact at 33"],
    [16n, "failed"]
  ])("answers %s, which is not ahead, from the target alone", (committed, expected) => {
    assert.deepStrictEqual(always({ committed }), [expected])
  })

  it("puts who has processed nothing at the start while nothing is restored", () => {
    assert.deepStrictEqual(always({ located: empty, committed: 0n }), ["exact at 3"])
  })

  const rows: ReadonlyArray<
    readonly [Partial<DecideInput>, string, RegExp, string, RegExp]
  > = [
    [{ archive: "none" }, "exact at 33", /^$/, "exact at 33", /^$/],
    [{ archive: "none", plan: "pending" }, "exact at 33", /^$/, "exact at 33", /^$/],
    [
      { archive: "holds", plan: "pending", onAhead: "latest" },
      "wait",
      /^the archive holds records .* not restored yet \(restored up to source offset 40, committed 50\)$/,
      "failed",
      /; run topics-restore to its end first$/
    ],
    [
      { archive: "holds", onAhead: "latest" },
      "wait",
      /the archive holds/,
      "failed",
      /run topics-restore/
    ],
    [
      { archive: "holds", plan: "done" },
      "clamped at 33",
      /no file of the plan will bring them \(restored up to source offset 40, committed 50\)$/,
      "clamped at 33",
      /no file of the plan/
    ],
    [
      { plan: "pending", onAhead: "latest" },
      "wait",
      /^files of this partition are planned and not restored yet/,
      "failed",
      /run topics-restore to its end first$/
    ],
    [{ plan: "done" }, "exact at 33", /^$/, "exact at 33", /^$/],
    [
      {},
      "wait",
      /ahead of what is restored \(.*40, committed 50\), and nothing says whether more comes$/,
      "failed",
      /; give -s3-prefix, -plan-topic or -on-ahead latest$/
    ],
    [{ onAhead: "latest" }, "clamped at 33", /-on-ahead latest/, "clamped at 33", /committed 50/],
    [{ onAhead: "fail" }, "failed", /; give -s3-prefix/, "failed", /; give -s3-prefix/],
    [{ located: empty }, "wait", /nothing is restored yet, committed 50/, "failed", /committed 50/],
    // The plan is done, but elsewhere.
    [{ located: empty, plan: "done" }, "wait", /nothing is restored yet/, "failed", /committed 50/],
    [
      { located: empty, plan: "done", archive: "holds" },
      "wait",
      /not restored yet/,
      "failed",
      /run topics-restore/
    ]
  ]

  it.each(rows)("decides %o: %s", (changes, forever, why, once, whyOnce) => {
    const verdict = decide({ ...ahead, ...changes })
    assert.strictEqual(shown(verdict), forever)
    assert.match(verdict.reason, why)
    const lastWord = decide({ ...ahead, ...changes, once: true })
    assert.strictEqual(shown(lastWord), once)
    assert.match(lastWord.reason, whyOnce)
  })

  it("never commits past an unprocessed record, and exactly when it says so", () => {
    const gap = fc.integer({ min: 1, max: 3 })
    const world = fc.record({
      /** Distances between the archived records, and in the target between the restored ones. */
      gaps: fc.array(fc.tuple(gap, gap), { maxLength: 12 }),
      first: fc.nat({ max: 3 }),
      start: fc.nat({ max: 3 }),
      restored: fc.nat({ max: 12 }),
      planned: fc.nat({ max: 12 }),
      committed: fc.nat({ max: 40 }),
      foreignTail: fc.boolean(),
      knowsArchive: fc.boolean(),
      knowsPlan: fc.boolean(),
      onAhead: fc.constantFrom("wait" as const, "latest" as const, "fail" as const),
      once: fc.boolean()
    })
    fc.assert(fc.property(world, (drawn) => {
      let source = drawn.first - 1
      let target = drawn.start - 1
      const records = drawn.gaps.map(([before, apart]) => (
        { source: BigInt(source += before), target: BigInt(target += apart) }
      ))
      const planned = Math.min(drawn.planned, records.length)
      // What the plan lacks does not come, unless the plan that is known is not the only one.
      const willCome = records.slice(0, drawn.knowsPlan ? planned : records.length)
      const restored = willCome.slice(0, drawn.restored)
      const committed = BigInt(drawn.committed)
      const last = restored.at(-1)
      const behind = last === undefined ? BigInt(drawn.start) : last.target + 1n
      const end = drawn.foreignTail ? behind + 2n : behind
      const at = restored.find((record) => record.source >= committed)
      const between = records.some((record) =>
        record.source > (last?.source ?? -1n) && record.source < committed
      )
      const verdict = decide({
        committed,
        located: {
          start: BigInt(drawn.start),
          end,
          last,
          afterLast: behind,
          positions: new Map(at === undefined ? [] : [[committed, at.target]])
        },
        archive: drawn.knowsArchive ? (between ? "holds" : "none") : "unknown",
        plan: drawn.knowsPlan
          ? (restored.length < willCome.length ? "pending" : "done")
          : "unknown",
        onAhead: drawn.onAhead,
        once: drawn.once
      })
      if (verdict.kind !== "at") {
        assert.notStrictEqual(verdict.kind, drawn.once ? "wait" : "")
        return
      }
      // The rest arrives at the end of the partition.
      const complete = [
        ...restored,
        ...willCome.slice(restored.length).map((record, index) => (
          { ...record, target: end + BigInt(index) }
        ))
      ]
      const isSkipped = complete.some((record) =>
        record.source >= committed && record.target < verdict.offset
      )
      const isRepeated = complete.some((record) =>
        record.source < committed && record.target >= verdict.offset
      )
      assert.isFalse(isSkipped, "an unprocessed record lies before the place")
      if (verdict.status === "exact") {
        assert.isFalse(isRepeated, "a processed record lies behind the place")
        assert.isFalse(between && drawn.knowsArchive, "the archive holds more than is restored")
      } else assert.notStrictEqual(verdict.reason, "")
    }))
  })
})
