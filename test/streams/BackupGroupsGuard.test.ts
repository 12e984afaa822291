import { assert, describe, it } from "@effect/vitest"
import { Effect, Metric, TestClock } from "effect"
import { groupSnapshotsHeld } from "../../services/Metrics.ts"
import { listHistory } from "../../streams/snapshot/SnapshotStore.ts"
import { groupFixtureBytes } from "../support/GroupFixtures.ts"
import {
  commit,
  createTopic,
  historyMinutes,
  hour,
  location,
  mainPositions,
  minute,
  runOnce,
  setTheClock,
  world
} from "../support/GroupsHarness.ts"
import { Cluster } from "../support/KafkaMemory.ts"
import { Bucket } from "../support/ObjectStoreMemory.ts"

const heldCount = (reason: "empty" | "shrunk" | "other_cluster") =>
  Effect.map(Metric.value(groupSnapshotsHeld(reason)), ({ count }) => count)

/** A good snapshot with four positions, and then a cluster that has lost all but one. */
const lost = Effect.gen(function*() {
  const start = yield* setTheClock
  yield* createTopic("orders", 4)
  yield* commit("g", "orders", 1, 4)
  yield* runOnce()
  yield* TestClock.adjust("1 minute")
  yield* forget(3)
  return start
})

/** The group keeps the position of the first partitions only. */
const forget = (partitions: number) =>
  Effect.map(Cluster, (cluster) => {
    for (let partition = 4 - partitions; partition < 4; partition++) {
      const none = { topic: "orders", partition, offset: -1n, leaderEpoch: -1, metadata: "" }
      cluster.group("g").offsets.commit(none)
    }
  })

const all = ["g orders-0=1", "g orders-1=1", "g orders-2=1", "g orders-3=1"]

describe("the guard of backupGroups", () => {
  it.effect("holds a shrunk snapshot for an hour, over restarts, and then lets it replace", () =>
    Effect.gen(function*() {
      const start = yield* lost
      const before = yield* heldCount("shrunk")
      for (let minutes = 1; minutes <= 60; minutes += 1) {
        const { failure, outcome } = yield* runOnce()
        assert.strictEqual(outcome, "held")
        assert.strictEqual(failure, "HeldBack")
        yield* TestClock.adjust("1 minute")
      }
      assert.deepStrictEqual(yield* mainPositions, all)
      assert.strictEqual((yield* heldCount("shrunk")) - before, 60)
      const expected = ["0", "1 held", "16 held", "31 held", "46 held"]
      assert.deepStrictEqual(yield* historyMinutes(start), expected)
      assert.strictEqual((yield* runOnce()).outcome, "replaced")
      assert.deepStrictEqual(yield* mainPositions, ["g orders-0=1"])
      assert.deepStrictEqual(yield* historyMinutes(start), [...expected, "61"])
    }).pipe(Effect.provide(world)))

  it.effect("begins to count anew when a snapshot was whole in between", () =>
    Effect.gen(function*() {
      const start = yield* lost
      yield* runOnce()
      yield* TestClock.adjust("30 minutes")
      yield* commit("g", "orders", 1, 4)
      assert.strictEqual((yield* runOnce()).outcome, "replaced")
      yield* forget(3)
      yield* TestClock.adjust("1 minute")
      yield* runOnce()
      yield* TestClock.adjust("59 minutes")
      assert.strictEqual((yield* runOnce()).outcome, "held")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* runOnce()).outcome, "replaced")
      assert.deepStrictEqual(
        yield* historyMinutes(start),
        ["0", "1 held", "31", "32 held", "91 held"]
      )
    }).pipe(Effect.provide(world)))

  it.effect("holds an empty snapshot, also one with groups that have no positions", () =>
    Effect.gen(function*() {
      yield* lost
      const before = yield* heldCount("empty")
      yield* forget(4)
      assert.strictEqual((yield* runOnce()).failure, "HeldBack")
      assert.strictEqual((yield* heldCount("empty")) - before, 1)
      assert.deepStrictEqual(yield* mainPositions, all)
    }).pipe(Effect.provide(world)))

  it.effect("takes half of the positions for as good as all", () =>
    Effect.gen(function*() {
      yield* lost
      yield* commit("g", "orders", 1, 2)
      assert.strictEqual((yield* runOnce()).outcome, "replaced")
    }).pipe(Effect.provide(world)))

  it.effect("compares without partitions that hold no data", () =>
    Effect.gen(function*() {
      yield* setTheClock
      yield* createTopic("orders", 2)
      yield* createTopic("empty", 100, 0)
      yield* commit("g", "orders", 1, 2)
      yield* commit("g", "empty", 0, 100)
      yield* runOnce()
      const { topics } = yield* Cluster
      topics.remove("empty")
      yield* TestClock.adjust("1 minute")
      const none = { topic: "empty", offset: -1n, leaderEpoch: -1, metadata: "" }
      const { offsets } = (yield* Cluster).group("g")
      for (let partition = 0; partition < 100; partition++) offsets.commit({ ...none, partition })
      assert.strictEqual((yield* runOnce()).outcome, "replaced")
    }).pipe(Effect.provide(world)))

  it.effect("counts from behind a kept snapshot that is damaged", () =>
    Effect.gen(function*() {
      const start = yield* lost
      yield* runOnce()
      const [, damaged] = yield* listHistory(location)
      const { objects } = yield* Bucket
      const bytes = Buffer.from("damaged")
      objects.set(damaged?.key ?? "", { bytes, metadata: {}, lastModified: start })
      yield* TestClock.adjust("15 minutes")
      yield* runOnce()
      yield* TestClock.adjust("59 minutes")
      assert.strictEqual((yield* runOnce()).outcome, "held")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* runOnce()).outcome, "replaced")
    }).pipe(Effect.provide(world)))

  it.effect("does not hold with a hold of 0", () =>
    Effect.gen(function*() {
      yield* lost
      assert.strictEqual((yield* runOnce({ shrinkHoldMs: 0 })).outcome, "replaced")
    }).pipe(Effect.provide(world)))

  it.effect("refuses a snapshot of another cluster, and does not keep it", () =>
    Effect.gen(function*() {
      const start = yield* lost
      const before = yield* heldCount("other_cluster")
      const cluster = yield* Cluster
      cluster.clusterId = "somewhere-else"
      yield* commit("g", "orders", 9, 4)
      yield* TestClock.adjust(2 * hour)
      const { failure, outcome } = yield* runOnce()
      assert.deepStrictEqual([outcome, failure], ["refused", "OtherCluster"])
      assert.deepStrictEqual(yield* mainPositions, all)
      assert.deepStrictEqual(yield* historyMinutes(start), ["0"])
      assert.strictEqual((yield* heldCount("other_cluster")) - before, 1)
      assert.strictEqual((yield* runOnce({ allowOtherCluster: true })).outcome, "replaced")
      assert.strictEqual((yield* runOnce()).outcome, "replaced")
      assert.deepStrictEqual(yield* historyMinutes(start), ["0", "121"])
    }).pipe(Effect.provide(world)))

  it.effect("replaces an object of the original, which names no cluster, if it has not shrunk", () =>
    Effect.gen(function*() {
      const now = yield* setTheClock
      const { objects } = yield* Bucket
      const bytes = groupFixtureBytes()
      objects.set(location, { bytes, metadata: {}, lastModified: now - minute })
      yield* createTopic("orders", 100)
      yield* commit("g", "orders", 1)
      assert.strictEqual((yield* runOnce()).outcome, "held")
      yield* commit("g", "orders", 1, 100)
      assert.strictEqual((yield* runOnce()).outcome, "replaced")
    }).pipe(Effect.provide(world)))
})
