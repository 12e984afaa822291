import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Metric, Stream } from "effect"
import { restoreFailedPartitions } from "../../services/Metrics.ts"
import { restoreTopics } from "../../streams/RestoreTopics.ts"
import { Cluster } from "../support/KafkaMemory.ts"
import { Bucket } from "../support/ObjectStoreMemory.ts"
import {
  archivedRecord,
  createTarget,
  plan,
  putFile,
  putRange,
  recordsFrom,
  restoredOffsets,
  restoreOptions,
  world
} from "../support/RestoreHarness.ts"

const orders = { topic: "orders", partition: 0 }
const other = { topic: "orders", partition: 1 }
const later = { topic: "later", partition: 0 }

const failed = Effect.map(Metric.value(restoreFailedPartitions), ({ value }) => value)

describe("restoreTopics without --once", () => {
  it.live("tries again what has failed, and goes on with what is planned later", () =>
    Effect.gen(function*() {
      const keys = yield* Effect.forEach(
        [0, 10, 20, 30],
        (first) => putRange(orders, first, first + 9)
      )
      yield* putRange(other, 0, 9)
      yield* putRange(later, 0, 9)
      yield* createTarget("orders", 2)
      yield* plan()
      const { objects } = yield* Bucket
      const second = objects.get(keys[1]!)!
      objects.delete(keys[1]!)
      const running = yield* Effect.fork(
        Stream.runDrain(restoreTopics(restoreOptions({ once: false })))
      )
      yield* Effect.sleep("4 seconds")
      assert.strictEqual(yield* failed, 2)
      assert.strictEqual(yield* restoredOffsets(orders), "0-9")
      assert.strictEqual(yield* restoredOffsets(other), "0-9")
      objects.set(keys[1]!, second)
      yield* createTarget("later", 1)
      yield* putRange(orders, 40, 49)
      yield* plan()
      yield* Effect.sleep("9 seconds")
      assert.strictEqual(yield* failed, 0)
      assert.strictEqual(yield* restoredOffsets(orders), "0-49")
      assert.strictEqual(yield* restoredOffsets(later), "0-9")
      const { offset } = (yield* Cluster).group("restore").offsets.of({
        topic: "plan",
        partition: 0
      })
      assert.strictEqual(offset, 7n)
      yield* Fiber.interrupt(running)
    }).pipe(Effect.provide(world)))

  it.live("skips nothing of what it had read behind a record that the target refused", () =>
    Effect.gen(function*() {
      yield* putFile([
        ...recordsFrom(orders, 0, 4),
        archivedRecord(orders, 5, { value: crypto.getRandomValues(Buffer.alloc(3000)) }),
        ...recordsFrom(orders, 6, 29)
      ])
      yield* putRange(orders, 30, 39)
      yield* createTarget("orders", 1, { "max.message.bytes": "2000" })
      yield* plan()
      const running = yield* Effect.fork(
        Stream.runDrain(restoreTopics(restoreOptions({ once: false })))
      )
      yield* Effect.sleep("4 seconds")
      assert.strictEqual(yield* failed, 1)
      assert.strictEqual(yield* restoredOffsets(orders), "0-4")
      const { topics } = yield* Cluster
      topics.find("restored.orders")?.configs.set("max.message.bytes", "1000000")
      yield* Effect.sleep("5 seconds")
      assert.strictEqual(yield* failed, 0)
      assert.strictEqual(yield* restoredOffsets(orders), "0-39")
      yield* Fiber.interrupt(running)
    }).pipe(Effect.provide(world)))

  it.live("waits before it reads the plan", () =>
    Effect.gen(function*() {
      yield* putRange(orders, 0, 9)
      yield* createTarget("orders", 1)
      yield* plan()
      const options = restoreOptions({ once: false, consumeDelayMs: 1500 })
      const running = yield* Effect.fork(Stream.runDrain(restoreTopics(options)))
      yield* Effect.sleep("1200 millis")
      assert.strictEqual(yield* restoredOffsets(orders), "")
      yield* Effect.sleep("1500 millis")
      assert.strictEqual(yield* restoredOffsets(orders), "0-9")
      yield* Fiber.interrupt(running)
    }).pipe(Effect.provide(world)))
})
