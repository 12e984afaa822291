import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { ObjectStore } from "../../services/ObjectStore.ts"
import { readGroupFile } from "../../streams/snapshot/GroupFiles.ts"
import { listHistory } from "../../streams/snapshot/SnapshotStore.ts"
import {
  commit,
  createTopic,
  location,
  mainFacts,
  mainPositions,
  runOnce,
  setTheClock,
  world
} from "../support/GroupsHarness.ts"
import { Cluster } from "../support/KafkaMemory.ts"
import { Bucket } from "../support/ObjectStoreMemory.ts"
import { Said } from "../support/Said.ts"

describe("backupGroups", () => {
  it.effect("stores every position of every group, in order", () =>
    Effect.gen(function*() {
      const takenAtMs = yield* setTheClock
      yield* createTopic("orders", 11)
      yield* createTopic("bills", 1)
      yield* commit("b", "orders", 7, 11)
      yield* commit("b", "bills", 0)
      yield* commit("a", "bills", 3)
      const { failure, run } = yield* runOnce()
      assert.isUndefined(failure)
      const orders = Array.from({ length: 11 }, (_, partition) => `b orders-${partition}=7`)
      assert.deepStrictEqual(yield* mainPositions, ["a bills-0=3", "b bills-0=0", ...orders])
      const clusterId = "memory-cluster-0000001"
      assert.deepStrictEqual(yield* mainFacts, {
        clusterId,
        takenAtMs,
        complete: true,
        held: false
      })
      assert.deepInclude(run, {
        outcome: "replaced",
        complete: true,
        groups: 2,
        positions: 13,
        positionsWithoutData: 0,
        skippedShareGroups: 0,
        failedGroups: 0,
        durationMs: 0,
        historyKey: `${location}.history/20261122T200000.000Z.avro`
      })
    }).pipe(Effect.provide(world)))

  it.effect("keeps epoch and metadata, and makes null of none", () =>
    Effect.gen(function*() {
      yield* createTopic("orders", 3)
      const { offsets } = (yield* Cluster).group("g")
      const position = {
        topic: "orders",
        partition: 0,
        offset: 1n,
        leaderEpoch: 5,
        metadata: "host 7"
      }
      offsets.commit(position)
      offsets.commit({ ...position, partition: 1, leaderEpoch: -1, metadata: "" })
      offsets.commit({ ...position, partition: 2, offset: -1n })
      yield* runOnce()
      const { groups } = yield* readGroupFile(Stream.fromPull((yield* ObjectStore).get(location)))
      assert.deepStrictEqual(groups, [{
        groupId: "g",
        topics: [{
          topic: "orders",
          partitions: [
            { partition: 0, offset: 1n, leaderEpoch: 5, metadata: "host 7" },
            { partition: 1, offset: 1n, leaderEpoch: null, metadata: null }
          ]
        }]
      }])
    }).pipe(Effect.provide(world)))

  it.effect("leaves partitions without data out of the main object, not out of the history", () =>
    Effect.gen(function*() {
      yield* createTopic("orders", 3, 1)
      yield* createTopic("empty", 1, 0)
      yield* commit("g", "orders", 0, 3)
      yield* commit("h", "empty", 0)
      yield* commit("h2", "deleted", 4)
      const { run } = yield* runOnce()
      assert.deepStrictEqual(yield* mainPositions, ["g orders-0=0", "h", "h2 deleted-0=4"])
      assert.strictEqual(run?.positionsWithoutData, 3)
      const [entry] = yield* listHistory(location)
      const kept = yield* readGroupFile(Stream.fromPull((yield* ObjectStore).get(entry?.key ?? "")))
      const counts = kept.groups.map(({ groupId, topics }) =>
        [groupId, ...topics.map(({ partitions }) => partitions.length)].join(" ")
      )
      assert.deepStrictEqual(counts, ["g 3", "h 1", "h2 1"])
    }).pipe(Effect.provide(world)))

  it.effect("keeps positions where nobody says which partitions hold data", () =>
    Effect.gen(function*() {
      yield* createTopic("orders", 2, 1)
      yield* commit("g", "orders", 0, 2)
      const { topics } = yield* Cluster
      topics.log({ topic: "orders", partition: 1 }).error = "NOT_LEADER_OR_FOLLOWER"
      yield* runOnce()
      assert.deepStrictEqual(yield* mainPositions, ["g orders-0=0", "g orders-1=0"])
    }).pipe(Effect.provide(world)))

  it.effect("skips share groups, and says so once", () =>
    Effect.gen(function*() {
      yield* createTopic("orders", 1)
      yield* commit("g", "orders", 1)
      const cluster = yield* Cluster
      cluster.group("shared").protocolType = "share"
      cluster.group("streams").protocolType = "streams"
      const { run } = yield* runOnce()
      assert.strictEqual(run?.skippedShareGroups, 1)
      assert.deepStrictEqual(yield* mainPositions, ["g orders-0=1", "streams"])
      const said = (yield* Said).filter(({ message }) => message.startsWith("share groups"))
      assert.lengthOf(said, 1)
    }).pipe(Effect.provide(world)))

  it.effect("writes an object anew that is gone", () =>
    Effect.gen(function*() {
      yield* createTopic("orders", 1)
      yield* commit("g", "orders", 1)
      yield* runOnce()
      const { objects } = yield* Bucket
      objects.delete(location)
      yield* commit("g", "orders", 2)
      assert.strictEqual((yield* runOnce()).outcome, "replaced")
      assert.deepStrictEqual(yield* mainPositions, ["g orders-0=2"])
    }).pipe(Effect.provide(world)))
})
