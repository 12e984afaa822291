import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import fc from "fast-check"
import { createTopic } from "../support/BackupHarness.ts"
import { fill, newProgram } from "../support/BackupPrograms.ts"
import { cutBack, logOf, orders, restoresTheLog, underPrefix, world } from "../support/Forks.ts"

type Step =
  | { readonly do: "write"; readonly records: number }
  | { readonly do: "cut"; readonly part: number; readonly records: number }
  | { readonly do: "elect" }
  | { readonly do: "backup" }

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("write" as const), records: fc.integer({ min: 1, max: 20 }) }),
  fc.record({
    do: fc.constant("cut" as const),
    part: fc.integer({ min: 0, max: 100 }),
    records: fc.integer({ min: 0, max: 30 })
  }),
  fc.record({ do: fc.constant("elect" as const) }),
  fc.record({ do: fc.constant("backup" as const) })
)

/** Offsets at which a broker can cut: where its batches begin. */
const cutOffset = (starts: ReadonlyArray<bigint>, part: number): number =>
  Number(starts[Math.floor(part * starts.length / 101)] ?? 0n)

const play = (steps: ReadonlyArray<Step>) =>
  Effect.gen(function*() {
    const program = yield* newProgram
    yield* createTopic("orders")
    const log = yield* logOf(orders)
    const backup = Effect.gen(function*() {
      const before = yield* underPrefix
      yield* program.once({ include: (topic) => topic === "orders" })
      const after = yield* underPrefix
      for (const [key, bytes] of before) assert.strictEqual(after.get(key), bytes, key)
    })
    yield* fill(orders, 10, "0")
    for (const [at, step] of steps.entries()) {
      const tag = String(at + 1)
      if (step.do === "elect") log.leaderEpoch++
      else if (step.do === "backup") yield* backup
      else if (step.do === "write") yield* fill(orders, Number(log.logEnd) + step.records, tag)
      else {
        const offset = cutOffset(log.batches.map(({ header }) => header.baseOffset), step.part)
        yield* cutBack(offset, offset + step.records, tag)
      }
    }
    // With nothing behind the fork, the archive has nothing to put in place of what was lost.
    yield* fill(orders, Number(log.logEnd) + 1, "end")
    yield* backup
    yield* restoresTheLog()
  }).pipe(Effect.scoped, Effect.provide(world))

const wanted = process.env["BRANCH_RUNS"]

describe("any history of elections, clean and unclean", () => {
  it("leaves what is archived as it is, and restores the log as it is at the end", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(anyStep, { minLength: 3, maxLength: 12 }),
        (steps) => Effect.runPromise(play(steps))
      ),
      wanted === undefined ? { numRuns: 8, seed: 1 } : { numRuns: Number(wanted) }
    ), 600_000)
})
