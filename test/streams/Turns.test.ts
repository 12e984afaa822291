import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import { makeTurns, makeWeighedTurns } from "../../streams/Turns.ts"

/** Takes a second for each turn; notes how many run at once. */
const worker = (atOnce: number) => {
  const turns = makeTurns(atOnce)
  const seen = { running: 0, most: 0, began: [] as Array<number> }
  const work = (name: number) =>
    turns(Effect.suspend(() => {
      seen.began.push(name)
      seen.most = Math.max(seen.most, ++seen.running)
      return Effect.ensuring(
        Effect.sleep("1 second"),
        Effect.sync(() => seen.running--)
      )
    }))
  return { seen, work }
}

const names = (count: number) => Array.from({ length: count }, (_, name) => name)

describe("turns", () => {
  it.effect("are taken in the order of the starts, so many at once", () =>
    Effect.gen(function*() {
      const { seen, work } = worker(3)
      const all = yield* Effect.forEach(names(10), (name) => Effect.fork(work(name)))
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual([seen.most, seen.running, seen.began.length], [3, 1, 10])
      yield* TestClock.adjust("1 second")
      yield* Fiber.joinAll(all)
      assert.deepStrictEqual(seen.began, names(10))
    }))

  it.effect("go to the next when one fails, is interrupted, or is interrupted while it waits", () =>
    Effect.gen(function*() {
      const { seen, work } = worker(1)
      const [first, second, third] = yield* Effect.forEach(
        names(4),
        (name) =>
          Effect.fork(name === 2 ? Effect.zipRight(work(name), Effect.fail("no")) : work(name))
      )
      if (first === undefined || second === undefined || third === undefined) return
      yield* TestClock.adjust(10)
      yield* Fiber.interrupt(second)
      // Its end and the interruption of the next come at the same moment.
      yield* Effect.zip(Fiber.interrupt(first), Fiber.interrupt(third), { concurrent: true })
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual([seen.began.includes(3), seen.running, seen.most], [true, 0, 1])
      yield* Effect.fork(work(5))
      yield* TestClock.adjust(10)
      assert.strictEqual(seen.began.at(-1), 5)
    }))

  it.effect("cost thousands that wait no more than a few", () =>
    Effect.gen(function*() {
      const turns = makeTurns(16)
      let done = 0
      yield* Effect.forEach(
        names(20_000),
        () => turns(Effect.zipRight(Effect.yieldNow(), Effect.sync(() => done++))),
        { concurrency: "unbounded", discard: true }
      )
      assert.strictEqual(done, 20_000)
    }))

  it.effect("are given by weight, and nothing overtakes what is heavy", () =>
    Effect.gen(function*() {
      const turns = makeWeighedTurns(4)
      const began: Array<number> = []
      const begin = (weight: number) =>
        Effect.fork(
          turns(weight)(Effect.suspend(() => {
            began.push(weight)
            return Effect.sleep("1 second")
          }))
        )
      yield* Effect.forEach([1, 1, 4, 1, 9, 2], begin)
      const seen: Array<ReadonlyArray<number>> = []
      for (const _ of names(5)) {
        yield* TestClock.adjust(10)
        seen.push([...began])
        yield* TestClock.adjust(990)
      }
      const order = [1, 1, 4, 1, 9, 2]
      // What weighs more than there is room for runs alone.
      assert.deepStrictEqual(seen, [2, 3, 4, 5, 6].map((count) => order.slice(0, count)))
    }))
})
