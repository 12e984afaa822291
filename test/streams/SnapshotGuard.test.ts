import { assert, describe, it } from "@effect/vitest"
import type { Baseline, Decision } from "../../streams/snapshot/Guard.ts"
import { decide } from "../../streams/snapshot/Guard.ts"

const hour = 3_600_000
const now = 1_700_000_000_000
const rules = { shrinkHoldMs: hour, allowOtherCluster: false }
const none: Baseline = { kind: "none" }
const unknown: Baseline = { kind: "unknown" }
const known = (positions: number, clusterId = "here"): Baseline => ({
  kind: "known",
  clusterId,
  positions
})

/** As the original writes it. */
const unnamed: Baseline = { kind: "known", clusterId: undefined, positions: 10 }

const replace: Decision = { kind: "replace", afterHold: false }
const replaceAfterHold: Decision = { kind: "replace", afterHold: true }
const hold = (reason: "empty" | "shrunk", sinceMs = now): Decision => ({
  kind: "hold",
  reason,
  sinceMs
})
const refuse: Decision = { kind: "refuse", mainClusterId: "there" }

type Row = readonly [
  what: string,
  baseline: Baseline,
  positions: number,
  heldSinceMs: number | undefined,
  changes: Partial<typeof rules>,
  decision: Decision
]

const rows: ReadonlyArray<Row> = [
  ["the first snapshot", none, 10, undefined, {}, replace],
  ["the first snapshot, empty", none, 0, undefined, {}, replace],
  ["as many as before", known(10), 10, undefined, {}, replace],
  ["more than before", known(10), 1000, undefined, {}, replace],
  ["exactly half", known(10), 5, undefined, {}, replace],
  ["half of an odd number, rounded up", known(11), 6, undefined, {}, replace],
  ["fewer than half", known(10), 4, undefined, {}, hold("shrunk")],
  ["fewer than half of an odd number", known(11), 5, undefined, {}, hold("shrunk")],
  ["none of one", known(1), 0, undefined, {}, hold("empty")],
  ["none of many", known(1000), 0, undefined, {}, hold("empty")],
  ["empty as before", known(0), 0, undefined, {}, replace],
  ["something after nothing", known(0), 1, undefined, {}, replace],
  [
    "held a moment less than needed",
    known(10),
    1,
    now - hour + 1,
    {},
    hold("shrunk", now - hour + 1)
  ],
  ["held long enough", known(10), 1, now - hour, {}, replaceAfterHold],
  ["empty for long enough", known(10), 0, now - 2 * hour, {}, replaceAfterHold],
  ["no longer shrunk", known(10), 9, now - hour + 1, {}, replace],
  ["without a hold", known(10), 0, undefined, { shrinkHoldMs: 0 }, replaceAfterHold],
  ["unknown before, some now", unknown, 1, undefined, {}, replace],
  ["unknown before, none now", unknown, 0, undefined, {}, hold("empty")],
  ["unknown before, none for long enough", unknown, 0, now - hour, {}, replaceAfterHold],
  ["another cluster", known(10, "there"), 10, undefined, {}, refuse],
  ["another cluster, empty", known(10, "there"), 0, undefined, {}, refuse],
  ["another cluster for long", known(10, "there"), 0, now - 9 * hour, {}, refuse],
  ["another cluster, no hold", known(10, "there"), 0, undefined, { shrinkHoldMs: 0 }, refuse],
  [
    "another that is allowed",
    known(10, "there"),
    10,
    undefined,
    { allowOtherCluster: true },
    replace
  ],
  [
    "another that is allowed, with less",
    known(10, "there"),
    1,
    undefined,
    { allowOtherCluster: true },
    hold("shrunk")
  ],
  ["a main object that names no cluster", unnamed, 10, undefined, {}, replace]
]

describe("the guard of the main object", () => {
  for (const [what, baseline, positions, heldSinceMs, changes, decision] of rows) {
    it(`${what}: ${decision.kind}`, () => {
      const candidate = { clusterId: "here", positions }
      assert.deepStrictEqual(
        decide(baseline, candidate, { ...rules, ...changes }, heldSinceMs, now),
        decision
      )
    })
  }
})
