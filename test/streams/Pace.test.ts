import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, TestClock } from "effect"
import { targetBatchBytes } from "../../streams/restore/FileAssembly.ts"
import { makePace } from "../../streams/restore/Pace.ts"

describe("the pace of a restore", () => {
  it.effect("holds on average over any five seconds, for all who share it", () =>
    Effect.gen(function*() {
      const bytesPerSecond = 1_000_000
      const pace = makePace(bytesPerSecond)
      const taken: Array<{ readonly at: number; readonly bytes: number }> = []
      const takeSome = (bytes: number) =>
        Effect.gen(function*() {
          yield* pace.take(bytes)
          taken.push({ at: yield* Clock.currentTimeMillis, bytes })
        })
      const fibers = yield* Effect.forEach(
        [10_000, pace.batchBytes, 333],
        (bytes) => Effect.fork(Effect.forever(takeSome(bytes)))
      )
      for (let step = 0; step < 400; step++) yield* TestClock.adjust("50 millis")
      yield* Effect.forEach(fibers, Fiber.interrupt)
      for (let from = 0; from + 5000 <= 20_000; from += 250) {
        const bytes = taken.filter(({ at }) => at >= from && at < from + 5000)
          .reduce((sum, each) => sum + each.bytes, 0)
        assert.approximately(bytes / 5, bytesPerSecond, bytesPerSecond * 0.05)
      }
    }))

  it.effect("does not make up for a pause", () =>
    Effect.gen(function*() {
      const pace = makePace(1000)
      yield* pace.take(500)
      yield* TestClock.adjust("1 hour")
      yield* pace.take(1000)
      const next = yield* Effect.fork(pace.take(1))
      yield* TestClock.adjust("999 millis")
      assert.isNull(
        yield* Fiber.poll(next).pipe(Effect.map((exit) => exit._tag === "None" ? null : 1))
      )
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(next)
    }))

  it.effect("is none without a bound", () =>
    Effect.gen(function*() {
      const pace = makePace(0)
      for (let at = 0; at < 1000; at++) yield* pace.take(1e12)
      assert.strictEqual(pace.batchBytes, targetBatchBytes)
    }))
})
