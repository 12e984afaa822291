import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { randomBytes } from "node:crypto"
import { FlushRequests } from "../../services/FlushRequests.ts"
import { Kafka } from "../../services/Kafka.ts"
import { backupTopics } from "../../streams/BackupTopics.ts"
import {
  append,
  archived,
  archiveKeys,
  backup,
  backupOptions,
  committed,
  coverage,
  createTopic,
  world
} from "../support/BackupHarness.ts"
import { buildBatch, plainRecord } from "../support/Batches.ts"
import { Disk } from "../support/DiskBufferMemory.ts"
import * as KafkaMemory from "../support/KafkaMemory.ts"

const orders = { topic: "orders", partition: 0 }
const payments = { topic: "payments", partition: 1 }

const until = <E, R>(condition: Effect.Effect<boolean, E, R>) =>
  Effect.repeat(Effect.delay(condition, "20 millis"), { until: (done) => done }).pipe(
    Effect.timeoutFail({ duration: "10 seconds", onTimeout: () => "it never came to be" })
  )

describe("backupTopics", () => {
  it.live("archives every record and commits what is durable", () =>
    Effect.gen(function*() {
      yield* createTopic("orders")
      yield* createTopic("payments", 2)
      yield* append(orders, 25)
      yield* append(payments, 5)
      const files = yield* backup()
      assert.lengthOf(files, 2)
      assert.deepStrictEqual(yield* archiveKeys, [
        "backup/orders/0/orders-0-0000000000000000000.avro",
        "backup/payments/1/payments-1-0000000000000000000.avro"
      ])
      const records = yield* archived("backup/orders/0/orders-0-0000000000000000000.avro")
      assert.deepStrictEqual(
        records.map(({ offset, topic, value }) => [offset, topic, value?.toString()]),
        Array.from({ length: 25 }, (_, at) => [BigInt(at), "orders", `value ${25 - at} of orders`])
      )
      assert.strictEqual(yield* committed(orders), 25)
      assert.strictEqual(yield* committed(payments), 5)
      assert.strictEqual((yield* Disk).files.size, 0)
    }).pipe(Effect.provide(world)))

  it.live("adds nothing the second time, and continues where the archive ends", () =>
    Effect.gen(function*() {
      yield* createTopic("orders")
      yield* append(orders, 20)
      yield* backup()
      assert.lengthOf(yield* backup(), 0)
      assert.lengthOf(yield* backup({ groupId: "another" }), 0)
      yield* append(orders, 7)
      yield* backup({ groupId: "a third" })
      assert.deepStrictEqual(yield* coverage("backup/orders/0"), ["0-19 [0, 20)", "20-26 [20, 27)"])
    }).pipe(Effect.provide(world)))

  it.live("makes small files where small ones are asked for", () =>
    Effect.gen(function*() {
      const cluster = yield* KafkaMemory.Cluster
      yield* createTopic("orders")
      for (let batch = 0; batch < 30; batch++) {
        cluster.append(orders, buildBatch([plainRecord({ value: randomBytes(10_000) })]))
      }
      const files = yield* backup({ minFileSize: 50_000 })
      assert.isAtLeast(files.length, 3)
      assert.isTrue(files.slice(0, -1).every(({ bytes }) => bytes >= 50_000))
    }).pipe(Effect.provide(world)))

  it.live("ends a run with once when no topic matches", () =>
    Effect.gen(function*() {
      yield* createTopic("orders")
      yield* append(orders, 1)
      assert.lengthOf(yield* backup({ include: () => false }), 0)
      assert.deepStrictEqual(yield* archiveKeys, [])
    }).pipe(Effect.provide(world)))

  it.live("keeps two lives of a topic apart, both complete", () =>
    Effect.gen(function*() {
      const kafka = yield* Kafka
      yield* createTopic("orders", 2)
      yield* append(orders, 20)
      yield* backup()
      yield* kafka.deleteTopics(["orders"])
      yield* createTopic("orders", 2)
      yield* append(orders, 5)
      // A partition that the first life left empty belongs beside its siblings of the second.
      yield* append({ topic: "orders", partition: 1 }, 3)
      yield* backup()
      const { topics } = yield* kafka.metadata(["orders"])
      const second = `backup.generations/${topics[0]?.topicId}/orders`
      assert.deepStrictEqual(yield* coverage("backup/orders"), ["0-19 [0, 20)"])
      assert.deepStrictEqual(yield* coverage(second), ["0-4 [0, 5)", "0-2 [0, 3)"])
      assert.lengthOf(yield* backup(), 0)
    }).pipe(Effect.provide(world)))

  it.live("refuses a second life without a prefix, and backs up the others", () =>
    Effect.gen(function*() {
      const kafka = yield* Kafka
      yield* createTopic("orders")
      yield* append(orders, 2)
      yield* backup({ prefix: "" })
      yield* kafka.deleteTopics(["orders"])
      yield* createTopic("orders")
      yield* createTopic("payments", 2)
      yield* append(orders, 2)
      yield* append(payments, 2)
      const error = yield* Effect.flip(backup({ prefix: "" }))
      assert.include(error.message, "set -s3-prefix")
      assert.include(error.message, "orders-0")
      assert.deepStrictEqual(yield* coverage("payments"), ["0-1 [0, 2)"])
    }).pipe(Effect.provide(world)))

  it.live("records what retention removed as a gap", () =>
    Effect.gen(function*() {
      const cluster = yield* KafkaMemory.Cluster
      yield* createTopic("orders")
      yield* append(orders, 20)
      yield* backup()
      yield* append(orders, 30)
      cluster.topics.log(orders).deleteBefore(40n)
      const [file] = yield* backup()
      assert.strictEqual(file?.facts.coverageStart, 20n)
      assert.strictEqual(file?.facts.gaps.deleted, 20)
      assert.deepStrictEqual(yield* coverage("backup/orders/0"), [
        "0-19 [0, 20)",
        "40-49 [20, 50)"
      ])
    }).pipe(Effect.provide(world)))

  it.live("flushes on request, and keeps running", () =>
    Effect.gen(function*() {
      yield* createTopic("orders")
      yield* append(orders, 10)
      const running = yield* Effect.fork(
        Stream.runDrain(backupTopics(backupOptions({ once: false })))
      )
      const requests = yield* FlushRequests
      yield* until(Effect.map(requests.request, ({ files }) => files > 0))
      assert.deepStrictEqual(yield* coverage("backup/orders/0"), ["0-9 [0, 10)"])
      assert.strictEqual(yield* committed(orders), 10)
      yield* append(orders, 3)
      yield* until(Effect.map(requests.request, ({ files }) => files > 0))
      assert.deepStrictEqual(yield* coverage("backup/orders/0"), ["0-9 [0, 10)", "10-12 [10, 13)"])
      yield* Fiber.interrupt(running)
    }).pipe(Effect.provide(world)))

  it.live("uploads nothing when stopped, and continues with its buffer", () =>
    Effect.gen(function*() {
      yield* createTopic("orders")
      yield* append(orders, 10)
      const running = yield* Effect.fork(
        Stream.runDrain(backupTopics(backupOptions({ once: false, partitionIdleMs: 100 })))
      )
      const disk = yield* Disk
      yield* until(Effect.sync(() => disk.files.size === 1))
      yield* Fiber.interrupt(running)
      assert.deepStrictEqual(yield* archiveKeys, [])
      assert.isAtMost(yield* committed(orders), 0)
      yield* append(orders, 10)
      yield* backup()
      assert.deepStrictEqual(yield* coverage("backup/orders/0"), ["0-19 [0, 20)"])
    }).pipe(Effect.provide(world)))

  it.live("takes in topics and partitions as they appear", () =>
    Effect.gen(function*() {
      const kafka = yield* Kafka
      yield* createTopic("orders")
      const running = yield* Effect.fork(Stream.runDrain(backupTopics(backupOptions({
        once: false,
        minFileSize: 1,
        partitionIdleMs: 50
      }))))
      yield* append(orders, 1)
      yield* until(Effect.map(archiveKeys, (keys) => keys.length === 1))
      yield* createTopic("payments", 1)
      yield* append({ topic: "payments", partition: 0 }, 4)
      yield* until(Effect.map(archiveKeys, (keys) => keys.length === 2))
      yield* kafka.deleteTopics(["payments"])
      yield* append(orders, 1)
      yield* until(Effect.map(archiveKeys, (keys) => keys.length === 3))
      yield* Fiber.interrupt(running)
    }).pipe(Effect.provide(world)))
})
