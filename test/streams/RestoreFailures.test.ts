import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { RestoreIncomplete } from "../../streams/restore/Outcome.ts"
import { buildBatch, plainRecord } from "../support/Batches.ts"
import { Cluster, KafkaFaults } from "../support/KafkaMemory.ts"
import { Bucket } from "../support/ObjectStoreMemory.ts"
import {
  archivedRecord,
  createTarget,
  fileBytes,
  plan,
  putFile,
  putObject,
  putRange,
  recordsFrom,
  restore,
  restoredOffsets,
  restoreOptions,
  targetOf,
  world
} from "../support/RestoreHarness.ts"

const orders = { topic: "orders", partition: 0 }
const other = { topic: "orders", partition: 1 }

const incomplete = (changes: Parameters<typeof restoreOptions>[0] = {}) =>
  Effect.flatMap(
    Effect.flip(restore(changes)),
    (error) => error._tag === "RestoreIncomplete" ? Effect.succeed(error) : Effect.die(error)
  )

const only = ({ failures }: RestoreIncomplete) => {
  assert.lengthOf(failures, 1)
  return failures[0]!
}

/** A healthy partition beside the one that fails. */
const healthy = Effect.gen(function*() {
  yield* putRange(other, 0, 49)
  yield* putRange(other, 50, 99)
})

describe("restoreTopics, one partition failing", () => {
  it.live("names a corrupt file, restores what is before the damage, and everything else", () =>
    Effect.gen(function*() {
      yield* healthy
      const key = yield* putRange(orders, 0, 29)
      yield* putRange(orders, 30, 39)
      const bytes = Buffer.from(yield* fileBytes(recordsFrom(orders, 0, 29)))
      const second = bytes.indexOf("sync", bytes.indexOf("syncsyncsyncsync") + 40)
      bytes[second + 40]! ^= 0xff
      yield* putObject(key, bytes)
      yield* createTarget("orders", 2)
      yield* plan()
      const failure = only(yield* incomplete())
      assert.deepInclude(failure, { topic: "restored.orders", partition: 0, file: key })
      assert.match(failure.reason, /cannot be restored/)
      assert.strictEqual(yield* restoredOffsets(orders), "0-9")
      assert.strictEqual(yield* restoredOffsets(other), "0-99")
      // Repaired, it goes on from where it stood.
      yield* putRange(orders, 0, 29)
      yield* restore()
      assert.strictEqual(yield* restoredOffsets(orders), "0-39")
      assert.strictEqual(yield* restoredOffsets(other), "0-99")
    }).pipe(Effect.provide(world)))

  it.live("names a file that is missing, or was cut off between two blocks", () =>
    Effect.gen(function*() {
      yield* healthy
      const key = yield* putRange(orders, 0, 29)
      yield* createTarget("orders", 2)
      yield* plan()
      const { objects } = yield* Bucket
      const whole = objects.get(key)!
      objects.delete(key)
      assert.match(only(yield* incomplete()).reason, /is not in the archive any more/)
      const sync = Buffer.alloc(16, "sync")
      const end = Buffer.from(whole.bytes).lastIndexOf(sync, whole.bytes.length - 17) + 16
      yield* putObject(key, whole.bytes.subarray(0, end))
      assert.match(only(yield* incomplete()).reason, /holds 20 records, its header says 30/)
      assert.strictEqual(yield* restoredOffsets(orders), "0-19")
      assert.strictEqual(yield* restoredOffsets(other), "0-99")
    }).pipe(Effect.provide(world)))

  it.live("names a file that lies under the name of another", () =>
    Effect.gen(function*() {
      yield* healthy
      yield* putRange(orders, 0, 9)
      const key = yield* putRange(orders, 10, 19)
      yield* putObject(key, yield* fileBytes(recordsFrom(orders, 0, 29)))
      yield* createTarget("orders", 2)
      yield* plan()
      const failure = only(yield* incomplete())
      assert.match(failure.reason, /first record has the source offset 0, its key says 10/)
      assert.strictEqual(failure.file, key)
      assert.strictEqual(yield* restoredOffsets(orders), "0-9")
    }).pipe(Effect.provide(world)))

  it.live("names a record that belongs elsewhere", () =>
    Effect.gen(function*() {
      yield* putFile([archivedRecord(orders, 0), archivedRecord(other, 1)])
      yield* createTarget("orders", 2)
      yield* plan()
      const failure = only(yield* incomplete())
      assert.match(failure.reason, /orders-1/)
      assert.strictEqual(yield* restoredOffsets(orders), "")
    }).pipe(Effect.provide(world)))

  it.live("names a target that is missing, or rewrites timestamps", () =>
    Effect.gen(function*() {
      yield* healthy
      yield* putRange(orders, 0, 9)
      yield* putRange({ topic: "payments", partition: 3 }, 0, 9)
      yield* putRange({ topic: "stamped", partition: 0 }, 0, 9)
      yield* createTarget("orders", 2)
      yield* createTarget("payments", 3)
      yield* createTarget("stamped", 1, { "message.timestamp.type": "LogAppendTime" })
      yield* plan()
      const { failures } = yield* incomplete()
      assert.deepStrictEqual(failures.map(({ reason, topic }) => [topic, reason]), [
        [
          "restored.payments",
          "the target topic restored.payments does not exist, or has no partition 3: create it"
        ],
        [
          "restored.stamped",
          "the target topic rewrites timestamps (message.timestamp.type=LogAppendTime): set it to CreateTime"
        ]
      ])
      assert.strictEqual(yield* restoredOffsets(orders), "0-9")
      assert.strictEqual(yield* restoredOffsets(other), "0-99")
    }).pipe(Effect.provide(world)))

  it.live("believes an acknowledgement that tells of rewritten timestamps", () =>
    Effect.gen(function*() {
      const faults = yield* KafkaFaults
      faults.fail("topicConfigs", "TOPIC_AUTHORIZATION_FAILED", "TOPIC_AUTHORIZATION_FAILED")
      yield* putRange(orders, 0, 9)
      yield* createTarget("orders", 1, { "message.timestamp.type": "LogAppendTime" })
      yield* plan()
      faults.fail("topicConfigs", "TOPIC_AUTHORIZATION_FAILED", "TOPIC_AUTHORIZATION_FAILED")
      assert.match(only(yield* incomplete()).reason, /rewrites timestamps/)
    }).pipe(Effect.provide(world)))

  it.live("names a record that is larger than the target allows, and no other", () =>
    Effect.gen(function*() {
      const noise = Buffer.alloc(3000)
      for (let at = 0; at < noise.length; at++) noise[at] = (at * at * 31 + at * 7) >> 3
      const compressible = Buffer.alloc(50_000)
      yield* putFile([
        ...recordsFrom(orders, 0, 99),
        archivedRecord(orders, 100, { value: compressible }),
        archivedRecord(orders, 101, { value: crypto.getRandomValues(noise) }),
        archivedRecord(orders, 102)
      ])
      yield* createTarget("orders", 1, { "max.message.bytes": "2000" })
      yield* plan()
      const failure = only(yield* incomplete())
      assert.strictEqual(failure.sourceOffset, 101n)
      assert.match(
        failure.reason,
        /record at source offset 101 takes 3\d\d\d bytes, the target's max.message.bytes is 2000/
      )
      assert.strictEqual(yield* restoredOffsets(orders), "0-100")
    }).pipe(Effect.provide(world)))

  it.live("refuses a target with data of somebody else, or continues after its own", () =>
    Effect.gen(function*() {
      yield* healthy
      yield* putRange(orders, 0, 19)
      yield* createTarget("orders", 2)
      yield* plan()
      const { topics } = yield* Cluster
      topics.log(targetOf(orders)).append(buildBatch([plainRecord()]))
      assert.match(
        only(yield* incomplete()).reason,
        /holds data that no restore wrote \(offset 0\)/
      )
      assert.strictEqual(yield* restoredOffsets(other), "0-99")
      yield* restore({ failOnExistingData: false })
      assert.strictEqual(yield* restoredOffsets(orders), "NaN-NaN 0-19")
      yield* putRange(orders, 20, 29)
      topics.log(targetOf(orders)).append(buildBatch([plainRecord()]))
      yield* plan()
      yield* restore({ failOnExistingData: false })
      assert.strictEqual(yield* restoredOffsets(orders), "NaN-NaN 0-19 NaN-NaN 20-29")
    }).pipe(Effect.provide(world)))
})
