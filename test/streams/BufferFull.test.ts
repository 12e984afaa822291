import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Ref } from "effect"
import { committed, coverage, createTopic } from "../support/BackupHarness.ts"
import { fill, newProgram, originalKey, range, shared } from "../support/BackupPrograms.ts"
import { archivedWhole, buffered, eventually, noise, noiseBytes } from "../support/NoisyTopics.ts"

const orders = { topic: "orders", partition: 0 }
const payments = { topic: "payments", partition: 0 }

describe("a full disk", () => {
  it.live(
    "is emptied by uploads, and the backup catches up by itself",
    () =>
      Effect.gen(function*() {
        const program = yield* newProgram
        const sources = range(0, 6).map((partition) => ({ topic: "orders", partition }))
        yield* createTopic("orders", 6)
        yield* Effect.forEach(sources, (source) => noise(source, 1000))
        // A fifth of what six files of this size would need.
        yield* Ref.set(program.disk.space, 6000 * noiseBytes / 5)
        const running = yield* program.start({ minFileSize: 1 << 30, maxFileAgeMs: 500 })
        yield* eventually(archivedWhole(sources, 1000), "a whole archive")
        yield* eventually(
          Effect.map(
            Effect.forEach(sources, (source) => committed(source)),
            (offsets) => offsets.every((offset) => offset === 1000)
          ),
          "the commits"
        )
        assert.strictEqual(program.disk.aside.size, 0)
        yield* Fiber.interrupt(running)
      }).pipe(Effect.scoped, Effect.provide(shared)),
    180_000
  )

  it.live("stops whoever needs room, and nobody else", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      yield* createTopic("orders")
      yield* createTopic("payments")
      const name = originalKey(orders, 0)
      for (const _ of range(0, 100)) {
        program.disk.faults.push({ operation: "create", name, reason: "Full" })
      }
      yield* fill(orders, 10)
      yield* fill(payments, 10)
      const running = yield* program.start({ minFileSize: 1 })
      yield* eventually(Effect.map(committed(payments), (at) => at === 10), "the first payments")
      yield* fill(payments, 20)
      yield* eventually(Effect.map(committed(payments), (at) => at === 20), "more payments")
      assert.isAtMost(yield* committed(orders), 0)
      program.disk.faults.length = 0
      yield* eventually(Effect.map(committed(orders), (at) => at === 10), "the orders")
      assert.deepStrictEqual(yield* coverage("backup/orders/0"), ["0-9 [0, 10)"])
      yield* Fiber.interrupt(running)
    }).pipe(Effect.scoped, Effect.provide(shared)), 240_000)

  it.live(
    "of files that are not large enough yet has them uploaded for one that has none",
    () =>
      Effect.gen(function*() {
        const program = yield* newProgram
        yield* createTopic("orders")
        yield* createTopic("payments")
        const running = yield* program.start({ minFileSize: 1 << 30 })
        yield* noise(payments, 200)
        yield* eventually(
          Effect.sync(() => buffered(program.disk) > 200 * noiseBytes),
          "the payments in the buffer"
        )
        yield* Ref.set(program.disk.space, 100)
        yield* fill(orders, 10)
        yield* eventually(archivedWhole([payments], 200), "the upload of the payments")
        yield* eventually(
          Effect.zipRight(
            Effect.either(program.flush),
            Effect.map(committed(orders), (at) => at === 10)
          ),
          "the orders"
        )
        yield* Fiber.interrupt(running)
      }).pipe(Effect.scoped, Effect.provide(shared)),
    180_000
  )

  it.live("ends a run with once only when nothing makes room", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      yield* createTopic("orders")
      yield* fill(orders, 10)
      for (const operation of ["create", "append", "patch"]) {
        program.disk.faults.push({ operation, reason: "Full" })
      }
      yield* program.once()
      assert.include((yield* coverage("backup/orders/0")).at(-1), "10)")
      assert.isTrue(yield* archivedWhole([orders], 10))
    }).pipe(Effect.scoped, Effect.provide(shared)), 240_000)
})
