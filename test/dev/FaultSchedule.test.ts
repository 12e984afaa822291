/** What the fault suite does depends on its seed alone. */
import { assert, describe, it } from "@effect/vitest"
import { schedule } from "../../dev/faults/Schedule.ts"

const kindsOf = (seed: number, minutes: number): ReadonlySet<string> =>
  new Set(schedule(seed, { brokers: 1, minutes }).map(({ action }) => action.kind))

describe("the schedule of faults", () => {
  it("is the same for the same seed, and goes on when it is longer", () => {
    const short = schedule(7, { brokers: 3, minutes: 1 })
    assert.deepStrictEqual(schedule(7, { brokers: 3, minutes: 1 }), short)
    assert.deepStrictEqual(
      schedule(7, { brokers: 3, minutes: 4 }).slice(0, short.length),
      short
    )
    assert.notDeepEqual(schedule(8, { brokers: 3, minutes: 1 }), short)
  })

  it("has every kind of action within two minutes", () => {
    for (const seed of [1, 2, 3]) assert.strictEqual(kindsOf(seed, 2).size, 11)
  })
})
