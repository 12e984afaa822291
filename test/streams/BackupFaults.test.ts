import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Logger } from "effect"
import { Kafka } from "../../services/Kafka.ts"
import { factsFromMetadata } from "../../src/codec/FactsMetadata.ts"
import { archived, committed, coverage, createTopic, objects } from "../support/BackupHarness.ts"
import {
  archivedOffsets,
  fill,
  newProgram,
  originalKey,
  range,
  shared,
  until
} from "../support/BackupPrograms.ts"
import * as KafkaMemory from "../support/KafkaMemory.ts"
import * as ObjectStoreMemory from "../support/ObjectStoreMemory.ts"

const orders = { topic: "orders", partition: 0 }
const payments = { topic: "payments", partition: 0 }
const folder = "backup/orders/0"

describe("a running backup", () => {
  it.live("records as deleted what retention took first, and goes on", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      const { topics } = yield* KafkaMemory.Cluster
      yield* createTopic("orders")
      yield* fill(orders, 10)
      const running = yield* program.start()
      yield* until(Effect.sync(() => program.disk.files.size === 1))
      yield* program.flush
      const release = yield* Effect.makeLatch()
      program.faults.before("fetch", release.await)
      yield* Effect.sleep("700 millis")
      yield* fill(orders, 30)
      topics.log(orders).deleteBefore(20n)
      program.faults.before("fetch", Effect.void)
      yield* release.open
      yield* until(Effect.map(program.flush, ({ files }) => files > 0))
      yield* until(Effect.map(Effect.zipRight(program.flush, committed(orders)), (at) => at === 30))
      assert.deepStrictEqual(yield* archivedOffsets(folder), [...range(0, 10), ...range(20, 30)])
      const lines = yield* coverage(folder)
      assert.match(lines.join(), /^0-9 \[0, 10\),20-29 \[10, 30\)$/)
      const gaps = (yield* objects).get(originalKey(orders, 20))?.metadata
      assert.strictEqual(factsFromMetadata(gaps ?? {})?.gaps.deleted, 10)
      yield* Fiber.interrupt(running)
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("stops at a damaged batch, alone, with everything before it in the archive", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      const { topics } = yield* KafkaMemory.Cluster
      yield* createTopic("orders")
      yield* createTopic("payments")
      yield* fill(orders, 20)
      yield* fill(payments, 20)
      const damaged = topics.log(orders).batches[2]
      damaged?.bytes.writeUInt8((damaged.bytes.readUInt8(70)) ^ 1, 70)
      const error = yield* Effect.flip(program.once())
      assert.include(error.message, "orders-0")
      assert.include(error.message, "offset 10")
      assert.deepStrictEqual(yield* coverage("backup/payments"), ["0-19 [0, 20)"])
      assert.deepStrictEqual(yield* coverage(folder), ["0-9 [0, 10)"])
      assert.isAtMost(yield* committed(orders), 10)
      // Mended, it is continued where it stopped.
      damaged?.bytes.writeUInt8((damaged.bytes.readUInt8(70)) ^ 1, 70)
      yield* program.once()
      assert.deepStrictEqual(yield* coverage(folder), ["0-9 [0, 10)", "10-19 [10, 20)"])
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("never goes past a damaged batch while it runs", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      const { topics } = yield* KafkaMemory.Cluster
      yield* createTopic("orders")
      yield* fill(orders, 10)
      const running = yield* program.start({ minFileSize: 1 })
      yield* until(Effect.map(committed(orders), (at) => at === 10))
      yield* fill(orders, 15)
      const damaged = topics.log(orders).batches.at(-1)
      damaged?.bytes.writeUInt8((damaged.bytes.readUInt8(70)) ^ 1, 70)
      for (const end of range(16, 40)) {
        yield* fill(orders, end)
        yield* Effect.sleep("30 millis")
      }
      yield* Effect.sleep("2 seconds")
      yield* Effect.exit(program.flush)
      assert.deepStrictEqual((yield* archivedOffsets(folder)).filter((at) => at >= 15), [])
      assert.isAtMost(yield* committed(orders), 15)
      yield* Fiber.interrupt(running)
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("follows the leader, and comes back after passing errors", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      const { topics } = yield* KafkaMemory.Cluster
      yield* createTopic("orders", 3)
      const sources = range(0, 3).map((partition) => ({ topic: "orders", partition }))
      yield* Effect.forEach(sources, (source) => fill(source, 10))
      const running = yield* program.start()
      yield* until(Effect.sync(() => program.disk.files.size === 3))
      for (const source of sources) {
        const log = topics.log(source)
        log.leader = (log.leader % 3) + 1
        log.leaderEpoch++
      }
      topics.log(orders).error = "KAFKA_STORAGE_ERROR"
      yield* Effect.forEach(sources, (source) => fill(source, 20))
      yield* Effect.sleep("300 millis")
      topics.log(orders).error = undefined
      yield* until(Effect.gen(function*() {
        yield* program.flush
        const at = yield* Effect.forEach(sources, (source) => committed(source))
        return at.every((offset) => offset === 20)
      }))
      for (const partition of range(0, 3)) {
        assert.deepStrictEqual(yield* archivedOffsets(`backup/orders/${partition}/`), range(0, 20))
      }
      yield* Fiber.interrupt(running)
    }).pipe(
      Effect.scoped,
      Effect.provide(Layer.mergeAll(
        KafkaMemory.layerOf(3),
        ObjectStoreMemory.layer,
        Logger.remove(Logger.defaultLogger)
      ))
    ))

  it.live("keeps both lives of a topic that is created again under its hands", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      const kafka = yield* Kafka
      const cluster = yield* KafkaMemory.Cluster
      yield* createTopic("orders")
      yield* fill(orders, 10)
      const running = yield* program.start({ topicRefreshMs: 100 })
      yield* until(Effect.sync(() => program.disk.files.size === 1))
      yield* kafka.deleteTopics(["orders"])
      yield* createTopic("orders")
      yield* fill(orders, 4, "second")
      cluster.changes.notify()
      yield* until(Effect.gen(function*() {
        yield* program.flush
        return (yield* archivedOffsets("backup.generations/")).length === 4
      }))
      yield* program.flush
      assert.deepStrictEqual(yield* archivedOffsets(folder), range(0, 10))
      const records = yield* archived(originalKey(orders, 0))
      assert.strictEqual(records[0]?.value?.toString(), "value 0")
      assert.strictEqual(program.disk.aside.size, 0)
      yield* Fiber.interrupt(running)
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("with once, waits out what passes", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      const { topics } = yield* KafkaMemory.Cluster
      yield* createTopic("orders")
      yield* fill(orders, 10)
      topics.log(orders).error = "LEADER_NOT_AVAILABLE"
      const running = yield* Effect.fork(program.once())
      yield* Effect.sleep("1500 millis")
      topics.log(orders).error = undefined
      yield* Fiber.join(running)
      assert.deepStrictEqual(yield* coverage(folder), ["0-9 [0, 10)"])
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("refuses an archive that is ahead of the log", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      const { topics } = yield* KafkaMemory.Cluster
      yield* createTopic("orders")
      yield* fill(orders, 20)
      yield* program.once()
      topics.log(orders).heldHighWatermark = 10n
      assert.include((yield* Effect.flip(program.once())).message, "log ends at 10")
    }).pipe(Effect.scoped, Effect.provide(shared)))
})
