import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, TestClock } from "effect"
import { makeMemo } from "../../streams/Memo.ts"

/** Takes a second for each answer; counts the questions. */
const asked = () => {
  const seen = { count: 0 }
  const ask = (answer: Effect.Effect<string, string>) =>
    Effect.suspend(() => {
      seen.count++
      return Effect.delay(answer, "1 second")
    })
  return { seen, ask }
}

describe("a memo", () => {
  it.effect("asks once for each key, whoever waits", () =>
    Effect.gen(function*() {
      const memo = makeMemo<string, string, never>()
      const { ask, seen } = asked()
      const all = yield* Effect.fork(Effect.forEach(
        ["a", "b", "a", "a", "b"],
        (key) => memo(key, ask(Effect.succeed(key))),
        { concurrency: "unbounded" }
      ))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(all), ["a", "b", "a", "a", "b"])
      assert.strictEqual(yield* memo("a", ask(Effect.fail("later"))), "a")
      assert.strictEqual(seen.count, 2)
    }))

  it.effect("fails for all who wait, and asks again afterwards", () =>
    Effect.gen(function*() {
      const memo = makeMemo<string, string, never>()
      const { ask, seen } = asked()
      const failing = Effect.exit(memo("a", ask(Effect.fail("no"))))
      const all = yield* Effect.fork(Effect.all([failing, failing, failing], {
        concurrency: "unbounded"
      }))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(all), [
        Exit.fail("no"),
        Exit.fail("no"),
        Exit.fail("no")
      ])
      assert.strictEqual(seen.count, 1)
      const again = yield* Effect.fork(memo("a", ask(Effect.succeed("yes"))))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(again), "yes")
    }))

  it.effect("is asked by one of those who wait when who asks is interrupted", () =>
    Effect.gen(function*() {
      const memo = makeMemo<string, string, never>()
      const { ask, seen } = asked()
      const first = yield* Effect.fork(memo("a", ask(Effect.succeed("first"))))
      yield* Effect.yieldNow()
      const second = yield* Effect.fork(memo("a", ask(Effect.succeed("second"))))
      const third = yield* Effect.fork(memo("a", ask(Effect.succeed("third"))))
      yield* TestClock.adjust("500 millis")
      yield* Fiber.interrupt(first)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(
        [yield* Fiber.join(second), yield* Fiber.join(third)],
        ["second", "second"]
      )
      assert.strictEqual(seen.count, 2)
    }))
})
