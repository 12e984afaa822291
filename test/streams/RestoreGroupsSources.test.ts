import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Metric, Stream } from "effect"
import { groupsRestoreStatus } from "../../services/Metrics.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { restoreGroupsTelling } from "../../streams/RestoreGroups.ts"
import {
  createRestored,
  joinAsMember,
  location,
  prefix,
  putArchived,
  putRestored,
  putSnapshot,
  restoredTopic,
  restoreGroupsOptions,
  restoreLines,
  restoreLinesLive
} from "../support/GroupsRestoreHarness.ts"
import * as KafkaMemory from "../support/KafkaMemory.ts"
import * as ObjectStoreMemory from "../support/ObjectStoreMemory.ts"
import { createTarget, plan, putRange, restore, world } from "../support/RestoreHarness.ts"

const source: TopicPartition = { topic: "orders", partition: 0 }

const followed = { topic: "plan", groupId: "restore" }

describe("the plan", () => {
  /** Records 0 to 9 and 20 to 29 are archived. */
  const archived = Effect.gen(function*() {
    yield* putRange(source, 0, 9)
    yield* putRange(source, 20, 29)
    yield* createTarget("orders", 1)
    yield* putSnapshot({ g: { "orders-0": 35 }, h: { "orders-0": 15 } })
  })

  it.live("says what will come, and that nothing more does", () =>
    Effect.gen(function*() {
      yield* archived
      yield* plan()
      const before = yield* restoreLinesLive({ plan: followed, onAhead: "latest" })
      assert.isTrue(before.every((line) => line.includes(">- failed (files of this partition")))
      yield* restore()
      // The takeover has left a marker at offset 0.
      assert.deepStrictEqual(yield* restoreLinesLive({ plan: followed, onAhead: "fail" }), [
        "g restored.orders-0 35>21 exact +0",
        "h restored.orders-0 15>11 exact +10"
      ])
    }).pipe(Effect.provide(world)))

  it.live("says nothing about a partition that it does not name", () =>
    Effect.gen(function*() {
      yield* archived
      yield* plan()
      yield* restore()
      yield* restoredTopic("parcels", [0, 1])
      yield* putSnapshot({ g: { "parcels-0": 9 } })
      const [line] = yield* restoreLinesLive({ plan: followed, onAhead: "fail" })
      assert.include(line, "9>- failed (the committed offset is ahead")
    }).pipe(Effect.provide(world)))

  it.effect("that does not exist ends it", () =>
    Effect.gen(function*() {
      yield* archived
      const error = yield* Effect.flip(restoreLines({ plan: followed }))
      assert.include(error.message, "plan topic plan does not exist")
    }).pipe(Effect.provide(world)))
})

describe("the archive", () => {
  it.effect("is asked about positions ahead only, and its failure is told for each", () =>
    Effect.gen(function*() {
      yield* restoredTopic("orders", [0, 1, 2])
      yield* putSnapshot({ behind: { "orders-0": 1 }, next: { "orders-0": 3 } })
      yield* restoreLines({ archivePrefix: "archive" })
      const { calls, faults } = yield* ObjectStoreMemory.Bucket
      assert.notInclude(calls.map(([operation]) => operation), "list")
      yield* putSnapshot({ ahead: { "orders-0": 9 }, behind: { "orders-0": 1 } })
      faults.push({ operation: "list", reason: "Denied" })
      const [ahead, behind] = yield* restoreLines({ archivePrefix: "archive" })
      assert.match(ahead ?? "", /^ahead .*9>- failed \(.*Denied/)
      assert.include(behind, "skipped +2 (already at offset 1)")
    }).pipe(Effect.provide(world)))

  it.effect("that could not be asked is asked again by the next pass", () =>
    Effect.gen(function*() {
      yield* restoredTopic("orders", [0, 1, 2])
      yield* putArchived("orders", 0, 2)
      yield* putSnapshot({ ahead: { "orders-0": 9 } })
      const { faults } = yield* ObjectStoreMemory.Bucket
      faults.push({ operation: "list", reason: "Denied" })
      const lines = yield* restoreLines({ archivePrefix: "archive", once: false })
      assert.deepStrictEqual(lines, ["ahead restored.orders-0 9>3 exact +0"])
    }).pipe(Effect.provide(world)))
})

describe("what is told", () => {
  it.effect("begins with the snapshot, and ends with what the search took", () =>
    Effect.gen(function*() {
      yield* restoredTopic("orders", [0, 1, 2])
      const facts = { clusterId: "c", takenAtMs: 1, complete: true, held: false }
      yield* putSnapshot({ g: { "orders-0": 1 } }, facts)
      const events = Chunk.toReadonlyArray(
        yield* Stream.runCollect(restoreGroupsTelling(restoreGroupsOptions()))
      )
      assert.deepStrictEqual(events[0], { kind: "snapshot", key: location, facts })
      assert.strictEqual(events[1]?.kind, "position")
      const last = events[2]
      assert.isTrue(last?.kind === "pass" && last.fetches > 0 && last.bytes > 0)
      assert.strictEqual(events.length, 3)
    }).pipe(Effect.provide(world)))

  it.effect("is the status of each group and topic too", () =>
    Effect.gen(function*() {
      const statusOf = (group: string, topic: string) =>
        Effect.map(Metric.value(groupsRestoreStatus(group, topic)), ({ value }) => value)
      const statuses = Effect.all([
        statusOf("s-new", "orders"),
        statusOf("s-new", "missing"),
        statusOf("s-old", "orders"),
        statusOf("s-live", "orders"),
        statusOf("s-ahead", "parts")
      ])
      yield* restoredTopic("orders", [0, 1, 2])
      yield* createRestored("parts", 2)
      for (const partition of [0, 1]) yield* putRestored("parts", partition, [0])
      yield* putSnapshot({ "s-old": { "orders-0": 1 } })
      yield* restoreLines()
      assert.strictEqual(yield* statusOf("s-old", "orders"), 4)
      yield* putSnapshot({
        "s-new": { "orders-0": 1, "missing-0": 1 },
        "s-old": { "orders-0": 1 },
        "s-live": { "orders-0": 1 },
        "s-ahead": { "parts-0": 1, "parts-1": 9 }
      })
      const { leave } = yield* joinAsMember("s-live")
      yield* restoreLines()
      assert.deepStrictEqual(yield* statuses, [4, 2, 3, 1, 1])
      yield* leave
      yield* restoreLines({ onAhead: "latest" })
      assert.deepStrictEqual(yield* statuses, [3, 2, 3, 4, 4])
    }).pipe(Effect.provide(world)))

  it.effect("is under the names of the target, in which a prefix may be empty", () =>
    Effect.gen(function*() {
      yield* restoredTopic("orders", [0, 1])
      yield* putSnapshot({ g: { [`${prefix}orders-0`]: 1 } })
      assert.deepStrictEqual(yield* restoreLines({ topicsPrefix: "", groupsPrefix: "x." }), [
        "x.g restored.orders-0 1>1 exact +1"
      ])
      assert.strictEqual((yield* KafkaMemory.KafkaFaults).calls("commitOffsets"), 1)
    }).pipe(Effect.provide(world)))
})
