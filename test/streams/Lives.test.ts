/** Partitions are opened, opened again and closed in every order, and never by two at a time. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Option, TestClock } from "effect"
import { BackupError } from "../../streams/backup/Archived.ts"
import type { Living, OpeningCall } from "../../streams/backup/Lives.ts"
import { makeLives } from "../../streams/backup/Lives.ts"

const source = { topic: "orders", partition: 0 }
const lost = new BackupError({ reason: "Claimed", message: "somebody else was first" })
const together = Effect.dieMessage("nobody asks for it")

/** Partitions that open when they are told to, and count themselves. */
const make = (opened: Effect.Effect<void, BackupError> = Effect.void, once = false) =>
  Effect.gen(function*() {
    const calls: Array<OpeningCall> = []
    const owned = new Map<string, Living>()
    const counts = { open: 0, most: 0, stopped: 0, crashes: 0 }
    const lives = yield* makeLives({
      once,
      owned,
      crashed: () => Effect.sync(() => counts.crashes++),
      open: (call) =>
        Effect.gen(function*() {
          calls.push(call)
          yield* Effect.acquireRelease(
            Effect.sync(() => counts.most = Math.max(counts.most, ++counts.open)),
            () => Effect.sync(() => counts.open--)
          )
          yield* opened
          const stop = Effect.sync(() => {
            counts.stopped++
          })
          return { fetchOffset: 0n, writer: { stop } }
        })
    })
    return { lives, owned, calls, counts }
  })

const aWhile = TestClock.adjust("5 minutes")

describe("the lives of partitions", () => {
  it.scoped("go on after a failure, with what was read before kept", () =>
    Effect.gen(function*() {
      const { calls, counts, lives, owned } = yield* make()
      lives.begin(source, together)
      yield* aWhile
      assert.deepStrictEqual([...owned.keys()], ["orders-0"])
      assert.isDefined(calls[0]?.together)
      calls[0]?.failed(lost)
      calls[0]?.failed(lost)
      yield* aWhile
      assert.deepStrictEqual([...owned.keys()], ["orders-0"])
      assert.lengthOf(calls, 2)
      // What was asked for many at once is too old by now.
      assert.isUndefined(calls[1]?.together)
      assert.deepStrictEqual(counts, { open: 1, most: 1, stopped: 1, crashes: 0 })
      // An old life has nothing to say any more.
      calls[0]?.failed(lost)
      yield* aWhile
      assert.lengthOf(calls, 2)
      yield* lives.end(source)
      assert.strictEqual(owned.size, 0)
      assert.deepStrictEqual(counts, { open: 0, most: 1, stopped: 1, crashes: 0 })
    }))

  it.scoped("go on after a failure while they are being opened", () =>
    Effect.gen(function*() {
      const goOn = yield* Deferred.make<void>()
      const { calls, counts, lives, owned } = yield* make(Deferred.await(goOn))
      lives.begin(source, together)
      yield* aWhile
      calls[0]?.failed(lost)
      yield* Deferred.succeed(goOn, undefined)
      yield* aWhile
      assert.lengthOf(calls, 2)
      assert.deepStrictEqual([...owned.keys()], ["orders-0"])
      assert.deepStrictEqual(counts, { open: 1, most: 1, stopped: 1, crashes: 0 })
    }))

  it.scoped("end whatever happens meanwhile, and stay ended", () =>
    Effect.gen(function*() {
      const goOn = yield* Deferred.make<void>()
      const opened = Effect.uninterruptible(Deferred.await(goOn))
      const { calls, counts, lives, owned } = yield* make(opened)
      lives.begin(source, together)
      yield* aWhile
      const ending = yield* Effect.fork(lives.end(source))
      yield* Effect.yieldNow()
      calls[0]?.failed(lost)
      yield* Deferred.succeed(goOn, undefined)
      yield* ending
      yield* aWhile
      assert.lengthOf(calls, 1)
      assert.strictEqual(owned.size, 0)
      assert.strictEqual(counts.open, 0)
      // Nobody holds its lock.
      assert.isTrue(Option.isSome(yield* lives.exclusively(source)(Effect.void)))
      // Begun again, it is opened.
      lives.begin(source, together)
      yield* aWhile
      assert.deepStrictEqual([...owned.keys()], ["orders-0"])
    }))

  it.scoped("end while they wait to be tried again", () =>
    Effect.gen(function*() {
      const { calls, lives } = yield* make(lost)
      lives.begin(source, together)
      yield* TestClock.adjust("500 millis")
      assert.strictEqual(lives.failures.get("orders-0"), lost)
      yield* lives.end(source)
      yield* aWhile
      assert.lengthOf(calls, 1)
      assert.strictEqual(lives.failures.size, 0)
    }))

  it.scoped("are given up with `once` when a failure comes again and again", () =>
    Effect.gen(function*() {
      const { calls, lives } = yield* make(lost, true)
      lives.begin(source, together)
      yield* aWhile
      assert.isTrue(lives.givenUp.has("orders-0"))
      assert.lengthOf(calls, 5)
    }))

  it.scoped("begin a few at a time, and all of them in the end", () =>
    Effect.gen(function*() {
      const goOn = yield* Deferred.make<void>()
      const { calls, lives, owned } = yield* make(Deferred.await(goOn))
      for (let partition = 0; partition < 100; partition++) {
        lives.begin({ topic: "orders", partition }, together)
      }
      yield* aWhile
      assert.lengthOf(calls, 16)
      yield* lives.end({ topic: "orders", partition: 0 })
      yield* lives.end({ topic: "orders", partition: 99 })
      yield* aWhile
      assert.lengthOf(calls, 17)
      yield* Deferred.succeed(goOn, undefined)
      yield* aWhile
      assert.strictEqual(owned.size, 98)
    }))

  it.scoped("leave the files of a partition to one at a time, and look again after others", () =>
    Effect.gen(function*() {
      const { calls, lives } = yield* make()
      const working = yield* Deferred.make<void>()
      yield* Effect.fork(lives.exclusively(source)(Deferred.await(working)))
      yield* Effect.yieldNow()
      lives.begin(source, together)
      yield* aWhile
      assert.lengthOf(calls, 0)
      yield* Deferred.succeed(working, undefined)
      yield* aWhile
      assert.lengthOf(calls, 1)
      assert.isUndefined(calls[0]?.together)
      assert.isTrue(Option.isNone(yield* lives.exclusively(source)(Effect.void)))
    }))
})
