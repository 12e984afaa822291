import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Ref } from "effect"
import { archiveKeys, committed, coverage, createTopic } from "../support/BackupHarness.ts"
import {
  archivedOffsets,
  fill,
  newProgram,
  range,
  shared,
  until
} from "../support/BackupPrograms.ts"
import { buildBatch, plainRecord } from "../support/Batches.ts"
import * as KafkaMemory from "../support/KafkaMemory.ts"
import { Bucket, isDefinitions } from "../support/ObjectStoreMemory.ts"

const orders = { topic: "orders", partition: 0 }
const folder = "backup/orders/0"

describe("flush", () => {
  it.live("uploads without Kafka, says that the commit is pending, and commits later", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      yield* createTopic("orders")
      yield* fill(orders, 10)
      const running = yield* program.start()
      yield* until(Effect.sync(() => program.disk.files.size === 1))
      program.faults.disconnect()
      assert.deepStrictEqual(yield* program.flush, { files: 1, committed: false })
      assert.deepStrictEqual(yield* coverage(folder), ["0-9 [0, 10)"])
      program.faults.reconnect()
      yield* until(Effect.map(committed(orders), (offset) => offset === 10), "the commit")
      assert.deepStrictEqual(yield* program.flush, { files: 0, committed: true })
      yield* Fiber.interrupt(running)
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("returns while records keep coming, and covers what came before it", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      const { topics } = yield* KafkaMemory.Cluster
      yield* createTopic("orders")
      const running = yield* program.start()
      const writing = yield* Effect.fork(Effect.forever(Effect.zipRight(
        Effect.suspend(() => fill(orders, Number(topics.log(orders).logEnd) + 20)),
        Effect.sleep("20 millis")
      )))
      yield* until(Effect.sync(() => program.faults.calls("fetch") > 3))
      for (const _ of range(0, 3)) {
        yield* Effect.sleep("300 millis")
        const before = topics.log(orders).logEnd
        // A little that comes all the time is fetched twice a second.
        yield* Effect.sleep("1200 millis")
        const outcome = yield* Effect.timeout(program.flush, "3 seconds")
        assert.deepStrictEqual(outcome, { files: 1, committed: true })
        assert.isAtLeast(yield* committed(orders), Number(before))
      }
      yield* Fiber.interrupt(writing)
      yield* Effect.sleep("1200 millis")
      yield* program.flush
      const end = Number(topics.log(orders).logEnd)
      assert.deepStrictEqual(yield* archivedOffsets(folder), range(0, end))
      assert.strictEqual(yield* committed(orders), end)
      yield* Fiber.interrupt(running)
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("includes partitions that are just being opened", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      yield* createTopic("orders")
      yield* fill(orders, 10)
      yield* program.leaveOneFile
      program.faults.delay("listOffsets", 700)
      const running = yield* program.start()
      yield* until(Effect.sync(() => program.faults.calls("syncGroup") === 2))
      assert.deepStrictEqual(yield* program.flush, { files: 1, committed: true })
      assert.deepStrictEqual(yield* coverage(folder), ["0-9 [0, 10)"])
      yield* Fiber.interrupt(running)
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("happens by itself when Kafka has been away for long", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      yield* createTopic("orders")
      yield* fill(orders, 10)
      const running = yield* program.start({ kafkaOutageFlushMs: 1500 })
      yield* until(Effect.sync(() => program.disk.files.size === 1))
      yield* Effect.sleep("2 seconds")
      assert.deepStrictEqual(yield* archiveKeys, [])
      program.faults.disconnect()
      yield* until(Effect.map(archiveKeys, (keys) => keys.length === 1), "the upload")
      assert.isBelow(yield* committed(orders), 1)
      yield* Fiber.interrupt(running)
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("happens on the way out if asked for", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      yield* createTopic("orders")
      yield* fill(orders, 10)
      const running = yield* program.start({ flushOnExit: true })
      yield* until(Effect.sync(() => program.disk.files.size === 1))
      yield* Fiber.interrupt(running)
      assert.deepStrictEqual(yield* coverage(folder), ["0-9 [0, 10)"])
      assert.strictEqual(yield* committed(orders), 10)
    }).pipe(Effect.scoped, Effect.provide(shared)))
})

describe("a store that does not answer", () => {
  it.live("does not keep a program from ending, nor from keeping its buffer", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      const bucket = yield* Bucket
      yield* createTopic("orders")
      const running = yield* program.start({ minFileSize: 1 })
      yield* fill(orders, 1)
      yield* until(Effect.map(archiveKeys, (keys) => keys.length === 1), "the first upload")
      bucket.calls.length = 0
      yield* Ref.set(bucket.delay, "1 hour")
      yield* fill(orders, 10)
      yield* until(
        Effect.sync(() =>
          bucket.calls.some(([call, key]) => call === "putIfAbsent" && !isDefinitions(key))
        )
      )
      yield* fill(orders, 20)
      yield* Effect.sleep("300 millis")
      const [took] = yield* Effect.timed(Fiber.interrupt(running))
      assert.isBelow(Duration.toMillis(took), 3000)
      assert.strictEqual(program.disk.files.size, 1)
      yield* Ref.set(bucket.delay, 0)
      // What came behind the upload is in the buffer, too.
      program.faults.before("fetch", Effect.never)
      const fetches = program.faults.calls("fetch")
      const again = yield* program.start()
      yield* until(Effect.sync(() => program.faults.calls("fetch") > fetches))
      yield* program.flush
      assert.deepStrictEqual(yield* coverage(folder), ["0-0 [0, 1)", "1-19 [1, 20)"])
      program.faults.heal()
      yield* Fiber.interrupt(again)
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("stops the fetching, never the heartbeats; afterwards everything catches up", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      const bucket = yield* Bucket
      const cluster = yield* KafkaMemory.Cluster
      yield* createTopic("orders")
      const running = yield* program.start({ minFileSize: 1 })
      yield* until(Effect.sync(() => program.faults.calls("fetch") > 0))
      yield* Ref.set(bucket.delay, "1 hour")
      const value = Buffer.alloc(900_000, 1)
      for (const _ of range(0, 60)) cluster.append(orders, buildBatch([plainRecord({ value })]))
      yield* Effect.sleep("1500 millis")
      const fetches = program.faults.calls("fetch")
      const beats = program.faults.calls("heartbeat")
      yield* Effect.sleep("3500 millis")
      assert.strictEqual(program.faults.calls("fetch"), fetches)
      assert.isAbove(program.faults.calls("heartbeat"), beats)
      const buffered = [...program.disk.files.values()].reduce(
        (sum, { bytes }) => sum + bytes.length,
        0
      )
      assert.isBelow(buffered, 2_000_000)
      yield* Ref.set(bucket.delay, 0)
      yield* Fiber.interrupt(running)
      yield* program.once()
      assert.deepStrictEqual(yield* archivedOffsets(folder), range(0, 60))
      assert.strictEqual(yield* committed(orders), 60)
    }).pipe(Effect.scoped, Effect.provide(shared)))
})
