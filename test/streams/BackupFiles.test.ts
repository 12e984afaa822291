import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { Kafka } from "../../services/Kafka.ts"
import { archiveKeys, committed, coverage, createTopic } from "../support/BackupHarness.ts"
import {
  archivedOffsets,
  fill,
  newProgram,
  originalFile,
  originalKey,
  putOriginal,
  range,
  shared,
  until
} from "../support/BackupPrograms.ts"
import * as KafkaMemory from "../support/KafkaMemory.ts"
import { Bucket } from "../support/ObjectStoreMemory.ts"

const orders = { topic: "orders", partition: 0 }
const folder = "backup/orders/0"

const sizeOfKeys = Effect.map(archiveKeys, (keys) => keys.length)

describe("archive files", () => {
  it.live("are uploaded and committed when they are large enough", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      yield* createTopic("orders")
      const running = yield* program.start({ minFileSize: 1 })
      for (const end of [5, 12, 20]) {
        yield* fill(orders, end)
        yield* until(Effect.map(committed(orders), (offset) => offset === end), `commit ${end}`)
      }
      assert.deepStrictEqual(yield* coverage(folder), [
        "0-4 [0, 5)",
        "5-11 [5, 12)",
        "12-19 [12, 20)"
      ])
      assert.strictEqual(program.disk.files.size, 0)
      assert.strictEqual(program.disk.open.size, 0)
      yield* Fiber.interrupt(running)
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("gather small parts until they are large enough", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      yield* createTopic("orders", 3)
      const running = yield* program.start({ minFileSize: 1 << 20 })
      for (const end of [5, 12, 20]) {
        yield* Effect.forEach([0, 1, 2], (partition) => fill({ topic: "orders", partition }, end))
        yield* Effect.sleep("1100 millis")
      }
      assert.strictEqual(program.disk.files.size, 3)
      assert.strictEqual(program.disk.open.size, 0)
      assert.strictEqual(yield* sizeOfKeys, 0)
      assert.deepStrictEqual(yield* program.flush, { files: 3, committed: true })
      assert.deepStrictEqual(yield* coverage(folder), ["0-19 [0, 20)"])
      yield* Fiber.interrupt(running)
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("are uploaded when they are old enough, also after a restart and without Kafka", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      yield* createTopic("orders")
      yield* fill(orders, 5)
      yield* program.leaveOneFile
      const running = yield* program.start({ maxFileAgeMs: 1500 })
      yield* until(Effect.map(sizeOfKeys, (size) => size === 1))
      yield* fill(orders, 9)
      yield* Effect.sleep("500 millis")
      program.faults.disconnect()
      yield* until(Effect.map(sizeOfKeys, (size) => size === 2))
      assert.deepStrictEqual(yield* coverage(folder), ["0-4 [0, 5)", "5-8 [5, 9)"])
      assert.strictEqual(yield* committed(orders), 5)
      program.faults.reconnect()
      yield* until(Effect.map(committed(orders), (offset) => offset === 9), "the commit")
      yield* Fiber.interrupt(running)
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("of an idle partition hold no descriptor, after a restart neither", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      yield* createTopic("orders")
      yield* fill(orders, 5)
      const first = yield* program.start({ partitionIdleMs: 100 })
      yield* until(Effect.sync(() => program.disk.files.size === 1 && program.disk.open.size === 0))
      yield* Fiber.interrupt(first)
      const [[name, file] = ["", undefined]] = program.disk.files
      if (file !== undefined) {
        // Something follows the last block, which the next start cuts off.
        program.disk.files.set(name, {
          ...file,
          bytes: Buffer.concat([file.bytes, Buffer.alloc(9)])
        })
      }
      const running = yield* program.start({ partitionIdleMs: 60_000 })
      yield* until(
        Effect.sync(() => program.disk.files.get(name)?.bytes.length === file?.bytes.length)
      )
      yield* Effect.sleep("200 millis")
      assert.strictEqual(program.disk.open.size, 0)
      yield* Fiber.interrupt(running)
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("of a topic that is gone are uploaded, for nobody else has them", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      const kafka = yield* Kafka
      yield* createTopic("orders")
      yield* createTopic("payments")
      yield* fill(orders, 5)
      const running = yield* program.start()
      yield* until(Effect.sync(() => program.disk.files.size === 1))
      yield* kafka.deleteTopics(["orders"])
      yield* until(Effect.map(sizeOfKeys, (size) => size === 1))
      assert.deepStrictEqual(yield* coverage(folder), ["0-4 [0, 5)"])
      yield* Fiber.interrupt(running)
    }).pipe(Effect.scoped, Effect.provide(shared)))
})

describe("what the original left behind", () => {
  const name = originalKey(orders, 0)
  const leave = (
    program: Effect.Effect.Success<typeof newProgram>,
    offsets: ReadonlyArray<number>
  ) =>
    Effect.map(originalFile(orders, offsets), (bytes) => {
      program.disk.leftovers.set(name, { bytes, modified: 0, synced: bytes.length })
    })

  it.live("is deleted once the archive holds it, not before", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      const bucket = yield* Bucket
      yield* createTopic("orders")
      yield* fill(orders, 10)
      yield* leave(program, range(0, 7))
      bucket.faults.push({ operation: "putIfAbsent", reason: "Denied" })
      yield* Effect.exit(program.once())
      assert.strictEqual(program.disk.leftovers.size, 1)
      yield* program.once()
      assert.strictEqual(program.disk.leftovers.size, 0)
      assert.deepStrictEqual(yield* archivedOffsets(folder), range(0, 10))
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("is kept when retention was faster, or when it is of another life", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      const { topics } = yield* KafkaMemory.Cluster
      yield* createTopic("orders")
      yield* fill(orders, 10)
      yield* putOriginal(orders, range(0, 2))
      yield* leave(program, range(0, 7))
      topics.log(orders).deleteBefore(5n)
      yield* program.once()
      assert.strictEqual(program.disk.leftovers.size, 1)
      const other = yield* newProgram
      yield* Effect.map(originalFile(orders, range(5, 8), "other"), (bytes) => {
        other.disk.leftovers.set(originalKey(orders, 5), { bytes, modified: 0, synced: 0 })
      })
      yield* other.once({ groupId: "other" })
      assert.strictEqual(other.disk.leftovers.size, 1)
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("is uploaded with the buffer when Kafka is away at the start, which fails then", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      yield* createTopic("orders")
      yield* createTopic("payments")
      yield* fill({ topic: "payments", partition: 0 }, 4)
      yield* program.leaveOneFile
      yield* leave(program, range(0, 7))
      program.faults.disconnect()
      const error = yield* Effect.flip(program.once({ once: false }))
      assert.strictEqual(error._tag, "KafkaError")
      assert.deepStrictEqual(yield* archivedOffsets("backup/orders"), range(0, 7))
      assert.deepStrictEqual(yield* archivedOffsets("backup/payments"), range(0, 4))
      assert.strictEqual(program.disk.leftovers.size, 1)
      assert.strictEqual(program.disk.files.size, 0)
    }).pipe(Effect.scoped, Effect.provide(shared)))
})
