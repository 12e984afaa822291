import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { makeByteBudget } from "../../streams/ByteBudget.ts"

describe("byte budget", () => {
  it.effect("lets the next one in as soon as there is room", () =>
    Effect.gen(function*() {
      const budget = makeByteBudget(100)
      budget.add(150)
      const waiting = yield* Effect.fork(budget.room)
      yield* Effect.yieldNow()
      budget.remove(49)
      yield* Effect.yieldNow()
      assert.isNull(waiting.unsafePoll())
      budget.remove(2)
      yield* Fiber.join(waiting)
      assert.strictEqual(budget.used(), 99)
    }))
})
