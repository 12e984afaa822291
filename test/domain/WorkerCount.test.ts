import { assert, it } from "@effect/vitest"
import { shareOf, workerCount } from "../../src/domain/WorkerCount.ts"

it("by default there is one worker less than processors, at least 1 and at most 8", () => {
  assert.deepStrictEqual(
    [1, 2, 3, 8, 9, 32].map((processors) => workerCount(0, processors)),
    [1, 1, 2, 7, 8, 8]
  )
})

it("the number asked for is the number", () => {
  assert.deepStrictEqual([1, 2, 64].map((wanted) => workerCount(wanted, 4)), [1, 2, 64])
})

it("a bound is divided, and no bound stays none", () => {
  assert.deepStrictEqual([shareOf(0, 8), shareOf(1000, 1), shareOf(1000, 3)], [0, 1000, 333])
  assert.strictEqual(shareOf(3, 8), 1)
})
