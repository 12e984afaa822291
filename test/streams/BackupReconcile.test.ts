import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { archiveKeys, committed, coverage, createTopic, objects } from "../support/BackupHarness.ts"
import {
  archivedOffsets,
  fill,
  forge,
  newProgram,
  originalKey,
  putOriginal,
  range,
  shared,
  until
} from "../support/BackupPrograms.ts"
import type { Program } from "../support/BackupPrograms.ts"
import { Bucket } from "../support/ObjectStoreMemory.ts"

const orders = { topic: "orders", partition: 0 }
const payments = { topic: "payments", partition: 0 }
const folder = "backup/orders/0"

const buffered = (program: Program, files = 1) =>
  until(
    Effect.sync(() => program.disk.files.size === files && program.disk.open.size === 0),
    "buffer"
  )

/** A running program that has so many records of `orders` in its buffer, and none archived. */
const withBuffer = (end: number, changes = {}) =>
  Effect.gen(function*() {
    const program = yield* newProgram
    yield* createTopic("orders")
    yield* fill(orders, end)
    const running = yield* program.start(changes)
    yield* buffered(program)
    return { program, running }
  })

describe("a file whose key exists already", () => {
  it.live("is done when the archive covers it", () =>
    Effect.gen(function*() {
      const { program, running } = yield* withBuffer(10)
      yield* fill(orders, 20)
      yield* (yield* newProgram).once({ groupId: "another" })
      yield* buffered(program)
      assert.deepStrictEqual(yield* program.flush, { files: 1, committed: true })
      assert.deepStrictEqual(yield* coverage(folder), ["0-19 [0, 20)"])
      assert.strictEqual(program.disk.files.size, 0)
      yield* Fiber.interrupt(running)
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("is continued when the archive's is shorter", () =>
    Effect.gen(function*() {
      const { program, running } = yield* withBuffer(13)
      yield* (yield* newProgram).once({ groupId: "another" })
      yield* fill(orders, 20)
      yield* until(Effect.sync(() => [...program.disk.files.values()].length === 1))
      yield* Effect.sleep("200 millis")
      yield* program.flush
      assert.deepStrictEqual(yield* coverage(folder), ["0-12 [0, 13)", "13-19 [13, 20)"])
      assert.strictEqual(yield* committed(orders), 20)
      assert.strictEqual(program.disk.files.size, 0)
      yield* Fiber.interrupt(running)
      assert.lengthOf(yield* (yield* newProgram).once({ groupId: "a third" }), 0)
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("stops its partition alone when the archive holds another record", () =>
    Effect.gen(function*() {
      const { program, running } = yield* withBuffer(10)
      const [name = ""] = program.disk.files.keys()
      yield* forge(orders, 10)
      yield* createTopic("payments")
      yield* fill(payments, 4)
      yield* until(Effect.sync(() => program.disk.files.size === 2))
      const error = yield* Effect.flip(program.flush)
      assert.include(error, "another record at offset 0")
      assert.isTrue(program.disk.files.has(name))
      assert.strictEqual(yield* committed(payments), 4)
      assert.isBelow(yield* committed(orders), 1)
      // Looked at again, it is still there, and still a conflict.
      yield* Effect.sleep("1500 millis")
      assert.isTrue(program.disk.files.has(name))
      assert.include(yield* Effect.flip(program.flush), "another record at offset 0")
      yield* Fiber.interrupt(running)
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("fails a run with once, and names the partition", () =>
    Effect.gen(function*() {
      const { program, running } = yield* withBuffer(10)
      yield* Fiber.interrupt(running)
      yield* forge(orders, 8)
      const error = yield* Effect.flip(program.once())
      assert.include(error.message, "orders-0")
      assert.include(error.message, "another record at offset 0")
      assert.strictEqual(program.disk.files.size, 1)
    }).pipe(Effect.scoped, Effect.provide(shared)))

  for (
    const [what, end, files] of [["equal", 10, 1], ["longer", 12, 1], ["shorter", 6, 2]] as const
  ) {
    it.live(`agrees with a file of the original's that is ${what}`, () =>
      Effect.gen(function*() {
        const { program, running } = yield* withBuffer(10)
        yield* fill(orders, Math.max(10, end))
        yield* Effect.sleep("200 millis")
        yield* putOriginal(orders, range(0, end))
        yield* program.flush
        const keys = yield* archiveKeys
        assert.lengthOf(keys, files)
        assert.strictEqual(keys[0], originalKey(orders, 0))
        assert.deepStrictEqual(yield* archivedOffsets(folder), range(0, Math.max(10, end)))
        yield* Fiber.interrupt(running)
      }).pipe(Effect.scoped, Effect.provide(shared)))
  }
})

describe("a store that fails", () => {
  it.live("is believed when it stored the file but its answer was lost", () =>
    Effect.gen(function*() {
      const { program, running } = yield* withBuffer(10)
      const bucket = yield* Bucket
      bucket.faults.push({ operation: "putIfAbsent", reason: "Unreachable", afterwards: true })
      yield* program.flush
      assert.deepStrictEqual(yield* coverage(folder), ["0-9 [0, 10)"])
      assert.strictEqual(yield* committed(orders), 10)
      assert.strictEqual(program.disk.files.size, 0)
      yield* Fiber.interrupt(running)
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("is asked again when it throttles", () =>
    Effect.gen(function*() {
      const { program, running } = yield* withBuffer(10)
      const bucket = yield* Bucket
      const reasons = ["Throttled", "Failed", "Unreachable"] as const
      bucket.faults.push(
        ...reasons.map((reason) => ({ operation: "putIfAbsent", reason } as const))
      )
      yield* program.flush
      assert.deepStrictEqual(yield* coverage(folder), ["0-9 [0, 10)"])
      yield* Fiber.interrupt(running)
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("makes a flush fail with a sentence, and the file is kept", () =>
    Effect.gen(function*() {
      const { program, running } = yield* withBuffer(10)
      const bucket = yield* Bucket
      for (let times = 0; times < 20; times++) {
        bucket.faults.push({ operation: "putIfAbsent", reason: "Denied" })
      }
      const error = yield* Effect.flip(program.flush)
      assert.include(error, "not uploaded")
      assert.include(error, "Denied")
      assert.strictEqual(program.disk.files.size, 1)
      assert.isBelow(yield* committed(orders), 1)
      bucket.faults.length = 0
      yield* program.flush
      yield* until(Effect.map(committed(orders), (offset) => offset === 10), "the commit")
      assert.deepStrictEqual(yield* coverage(folder), ["0-9 [0, 10)"])
      yield* Fiber.interrupt(running)
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("two backups race on a partition, and the archive stays whole", () =>
    Effect.gen(function*() {
      const [one, two] = [yield* newProgram, yield* newProgram]
      yield* createTopic("orders")
      const running = yield* Effect.forEach(
        [one, two],
        (program, at) => program.start({ groupId: `group ${at}`, minFileSize: 900 })
      )
      for (const end of range(1, 25)) {
        yield* fill(orders, end * 7)
        if (end % 3 === 0) yield* Effect.all([one.flush, two.flush], { concurrency: 2 })
      }
      yield* Effect.sleep("1200 millis")
      yield* Effect.all([one.flush, two.flush], { concurrency: 2 })
      const offsets = yield* archivedOffsets(folder)
      assert.deepStrictEqual([...new Set(offsets)].sort((a, b) => a - b), range(0, 24 * 7))
      assert.strictEqual(yield* committed(orders, "group 0"), 24 * 7)
      assert.strictEqual(yield* committed(orders, "group 1"), 24 * 7)
      assert.isTrue([...(yield* objects).values()].every(({ bytes }) => bytes.length > 0))
      yield* Fiber.interruptAll(running)
    }).pipe(Effect.scoped, Effect.provide(shared)))
})
