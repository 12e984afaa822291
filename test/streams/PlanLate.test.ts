import { describe, it } from "@effect/vitest"
import { Effect } from "effect"
import fc from "fast-check"
import assert from "node:assert/strict"
import { plan, putRange, world } from "../support/RestoreHarness.ts"

const source = { topic: "t", partition: 0 }

interface Upload {
  /** Records that the archive holds already. */
  readonly again: number
  readonly fresh: number
  /** A planner runs after it. */
  readonly planned: boolean
}

/** As owners of a partition leave files: each begins where the archive has got to, or before. */
const uploads = fc.array(
  fc.record<Upload>({
    again: fc.integer({ min: 0, max: 12 }),
    fresh: fc.integer({ min: -4, max: 8 }),
    planned: fc.boolean()
  }),
  { minLength: 1, maxLength: 12 }
)

const schedule = (steps: ReadonlyArray<Upload>) =>
  Effect.gen(function*() {
    const lengths = new Map<string, readonly [first: number, next: number]>()
    const planned: Array<string> = []
    lengths.set(yield* putRange(source, 0, 0), [0, 1])
    let end = 1
    for (
      const { again, fresh, planned: planNow } of [...steps, { again: 0, fresh: 1, planned: true }]
    ) {
      const first = Math.max(0, end - again)
      const next = end + fresh
      if (next > first && ![...lengths.values()].some(([begun]) => begun === first)) {
        lengths.set(yield* putRange(source, first, next - 1), [first, next])
        end = Math.max(end, next)
      }
      if (planNow) planned.push(...(yield* plan()).map(({ key }) => key))
    }
    let reached = 0
    for (const key of planned) {
      const [first, next] = lengths.get(key) ?? [Infinity, Infinity]
      assert.ok(first <= reached, `${key} begins behind ${reached}`)
      reached = Math.max(reached, next)
    }
    assert.equal(reached, end)
    assert.equal(new Set(planned).size, planned.length)
  })

describe("a plan that grows while owners of a partition overlap", () => {
  it("leaves no hole, and plans no file twice", () =>
    fc.assert(
      fc.asyncProperty(
        uploads,
        (steps) => Effect.runPromise(Effect.provide(schedule(steps), world))
      ),
      { numRuns: 60 }
    ))
})
