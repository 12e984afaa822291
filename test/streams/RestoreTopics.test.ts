import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Bucket } from "../support/ObjectStoreMemory.ts"
import {
  archivedRecord,
  createTarget,
  logRecords,
  plan,
  putFile,
  putRange,
  recordsFrom,
  restore,
  restoredOffsets,
  targetOf,
  world
} from "../support/RestoreHarness.ts"

const orders = { topic: "orders", partition: 0 }
const payments = { topic: "payments", partition: 1 }

describe("restoreTopics", () => {
  it.live("puts every record back, with its source offset as first header", () =>
    Effect.gen(function*() {
      const own = [Buffer.from("restore.source-offset"), Buffer.from("odd")] as const
      const other = [Buffer.from("h"), null] as const
      const records = [
        archivedRecord(orders, 3, { key: null, timestamp: -5n, headers: [own, other] }),
        archivedRecord(orders, 7, { value: null, timestamp: 0n })
      ]
      yield* putFile(records)
      yield* putRange(payments, 0, 24)
      yield* createTarget("orders", 1)
      yield* createTarget("payments", 2)
      yield* plan()
      const files = yield* restore()
      assert.deepStrictEqual(
        files.map(({ partition, records, topic }) => [topic, partition, records]).sort(),
        [["restored.orders", 0, 2], ["restored.payments", 1, 25]]
      )
      const restored = yield* logRecords(targetOf(orders))
      assert.deepStrictEqual(
        restored.map(({ headers, key, timestamp, value }) => ({ headers, key, timestamp, value })),
        records.map(({ headers, key, offset, timestamp, value }) => ({
          headers: [[own[0], Buffer.from(String(offset))] as const, ...headers],
          key,
          timestamp,
          value
        }))
      )
      assert.strictEqual(yield* restoredOffsets(payments), "0-24")
    }).pipe(Effect.provide(world)))

  it.live("adds nothing the second time, with the same group or another", () =>
    Effect.gen(function*() {
      yield* putRange(orders, 0, 99)
      yield* putRange(orders, 100, 120)
      yield* createTarget("orders", 1)
      yield* plan()
      yield* restore()
      assert.lengthOf(yield* restore(), 0)
      const again = yield* restore({ groupId: "another" })
      assert.deepStrictEqual(again.map(({ records, skipped }) => [records, skipped]), [
        [0, true],
        [0, true]
      ])
      assert.strictEqual(yield* restoredOffsets(orders), "0-120")
    }).pipe(Effect.provide(world)))

  it.live("restores each record once where archive files overlap", () =>
    Effect.gen(function*() {
      yield* putRange(orders, 0, 49)
      yield* putRange(orders, 20, 69)
      yield* putRange(orders, 30, 40)
      yield* putRange(orders, 60, 100)
      yield* createTarget("orders", 1)
      yield* plan()
      yield* restore()
      assert.strictEqual(yield* restoredOffsets(orders), "0-100")
    }).pipe(Effect.provide(world)))

  it.live("goes on with what was planned later, past the markers of its takeovers", () =>
    Effect.gen(function*() {
      yield* putRange(orders, 0, 49)
      yield* createTarget("orders", 1)
      yield* createTarget("payments", 2)
      yield* plan({ topics: [() => true], exclude: () => false })
      yield* restore()
      yield* putRange(orders, 50, 59)
      yield* plan()
      const files = yield* restore()
      assert.deepStrictEqual(files.map(({ records }) => records), [10])
      assert.strictEqual(yield* restoredOffsets(orders), "0-59")
    }).pipe(Effect.provide(world)))

  it.live("continues after the last restored record when the group has forgotten its place", () =>
    Effect.gen(function*() {
      yield* putRange(orders, 0, 49)
      yield* createTarget("orders", 1)
      yield* plan()
      yield* restore()
      yield* putFile([...recordsFrom(orders, 50, 99)])
      yield* plan()
      yield* restore({ groupId: "another" })
      assert.strictEqual(yield* restoredOffsets(orders), "0-99")
    }).pipe(Effect.provide(world)))

  it.live("leaves excluded topics alone and finishes their plan records", () =>
    Effect.gen(function*() {
      yield* putRange(orders, 0, 9)
      yield* putRange(payments, 0, 9)
      yield* createTarget("orders", 1)
      yield* createTarget("payments", 2)
      yield* plan()
      yield* restore({ exclude: (topic) => topic === "payments" })
      assert.strictEqual(yield* restoredOffsets(payments), "")
      assert.lengthOf(yield* restore(), 0)
    }).pipe(Effect.provide(world)))

  it.live("reads on where the store broke off", () =>
    Effect.gen(function*() {
      const key = yield* putRange(orders, 0, 99)
      const { faults } = yield* Bucket
      faults.push({ operation: "get", key, reason: "Unreachable", afterBytes: 1500 })
      yield* createTarget("orders", 1)
      yield* plan()
      yield* restore()
      assert.strictEqual(yield* restoredOffsets(orders), "0-99")
    }).pipe(Effect.provide(world)))

  it.live("says that there is no plan topic", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(restore())
      assert.match(error.message, /plan topic plan does not exist/)
    }).pipe(Effect.provide(world)))
})
