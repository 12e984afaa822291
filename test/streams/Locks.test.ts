import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option } from "effect"
import { makeLocks } from "../../streams/Locks.ts"

describe("locks by name", () => {
  it.effect("are given to one after the other, in the order of the calls", () =>
    Effect.gen(function*() {
      const locks = makeLocks()
      const order: Array<string> = []
      const [first, second, third] = [locks.of("a"), locks.of("a"), locks.of("a")]
      const taking = (lock: typeof first, name: string) =>
        Effect.fork(Effect.zipRight(lock.take, Effect.sync(() => order.push(name))))
      yield* taking(first, "first")
      yield* Effect.yieldNow()
      yield* taking(second, "second")
      yield* Effect.yieldNow()
      yield* taking(third, "third")
      yield* Effect.yieldNow()
      assert.deepStrictEqual(order, ["first"])
      // Another name has nothing to do with it.
      yield* locks.of("b").take
      first.release()
      first.release()
      yield* Effect.yieldNow()
      assert.deepStrictEqual(order, ["first", "second"])
      second.release()
      yield* Effect.yieldNow()
      assert.deepStrictEqual(order, ["first", "second", "third"])
      third.release()
      assert.isTrue(Option.isSome(yield* locks.ifFree("a")(Effect.void)))
    }))

  it.effect("are given back by who is interrupted, also when its turn has just come", () =>
    Effect.gen(function*() {
      const locks = makeLocks()
      const [first, waiting, last] = [locks.of("a"), locks.of("a"), locks.of("a")]
      yield* first.take
      const interrupted = yield* Effect.fork(
        Effect.ensuring(waiting.take, Effect.sync(waiting.release))
      )
      const patient = yield* Effect.fork(last.take)
      yield* Effect.yieldNow()
      first.release()
      yield* Fiber.interrupt(interrupted)
      yield* Fiber.join(patient)
      assert.isTrue(Option.isNone(yield* locks.ifFree("a")(Effect.void)))
      last.release()
      assert.isTrue(Option.isSome(yield* locks.ifFree("a")(Effect.void)))
    }))

  it.effect("are held while an effect runs that found them free", () =>
    Effect.gen(function*() {
      const locks = makeLocks()
      const inside = yield* locks.ifFree("a")(locks.ifFree("a")(Effect.succeed(1)))
      assert.deepStrictEqual(inside, Option.some(Option.none()))
      yield* Effect.ignore(locks.ifFree("a")(Effect.fail("no")))
      assert.isTrue(Option.isSome(yield* locks.ifFree("a")(Effect.void)))
    }))
})
