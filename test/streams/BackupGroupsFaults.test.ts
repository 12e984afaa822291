import { assert, describe, it } from "@effect/vitest"
import { Effect, Metric } from "effect"
import { groupsFailed, groupSnapshotsHeld } from "../../services/Metrics.ts"
import { listHistory } from "../../streams/snapshot/SnapshotStore.ts"
import { fixtureBytes, fixtureKeys } from "../support/Fixtures.ts"
import {
  commit,
  createTopic,
  location,
  mainFacts,
  mainPositions,
  passingTime,
  runOnce,
  setTheClock,
  SickGroups,
  world
} from "../support/GroupsHarness.ts"
import { Cluster, KafkaFaults } from "../support/KafkaMemory.ts"
import { Bucket } from "../support/ObjectStoreMemory.ts"
import { Said } from "../support/Said.ts"

const groups = ["a", "b", "c", "d"]

/** Four groups in a good snapshot, and all of them one record further. */
const fourGroups = Effect.gen(function*() {
  yield* setTheClock
  yield* createTopic("orders", 1)
  for (const group of groups) yield* commit(group, "orders", 1)
  yield* runOnce()
  for (const group of groups) yield* commit(group, "orders", 2)
})

const positions = (...offsets: ReadonlyArray<number>) =>
  offsets.map((offset, at) => `${groups[at]} orders-0=${offset}`)

const incompleteCount = Effect.map(
  Metric.value(groupSnapshotsHeld("incomplete")),
  ({ count }) => count
)

describe("backupGroups, when not all of it works,", () => {
  it.effect("keeps the positions of a group that cannot be read from before", () =>
    Effect.gen(function*() {
      yield* fourGroups
      const before = yield* incompleteCount
      ;(yield* SickGroups).set("b", "UNSTABLE_OFFSET_COMMIT").set("d", "GROUP_AUTHORIZATION_FAILED")
      yield* commit("new", "orders", 5)
      ;(yield* SickGroups).set("new", "GROUP_AUTHORIZATION_FAILED")
      const { failure, outcome, run } = yield* passingTime(runOnce())
      assert.deepStrictEqual([outcome, failure], ["replaced", "Incomplete"])
      assert.deepStrictEqual(yield* mainPositions, positions(2, 1, 2, 1))
      assert.deepInclude(run, { complete: false, failedGroups: 3, historyKey: undefined })
      assert.strictEqual((yield* mainFacts)?.complete, false)
      assert.lengthOf(yield* listHistory(location), 1)
      assert.strictEqual((yield* incompleteCount) - before, 1)
      assert.strictEqual((yield* Metric.value(groupsFailed)).value, 3)
      ;(yield* SickGroups).clear()
      assert.isUndefined((yield* runOnce()).failure)
      assert.deepStrictEqual(yield* mainPositions, [...positions(2, 2, 2, 2), "new orders-0=5"])
    }).pipe(Effect.provide(world)))

  it.effect("waits for a group whose transaction is about to end", () =>
    Effect.gen(function*() {
      yield* fourGroups
      const sick = yield* SickGroups
      sick.set("c", "UNSTABLE_OFFSET_COMMIT")
      yield* Effect.fork(
        Effect.zipRight(Effect.sleep("5 seconds"), Effect.sync(() => sick.clear()))
      )
      assert.isUndefined((yield* passingTime(runOnce())).failure)
      assert.deepStrictEqual(yield* mainPositions, positions(2, 2, 2, 2))
    }).pipe(Effect.provide(world)))

  it.effect("leaves out a group that is deleted meanwhile", () =>
    Effect.gen(function*() {
      yield* fourGroups
      ;(yield* SickGroups).set("a", "GROUP_ID_NOT_FOUND")
      assert.isUndefined((yield* runOnce()).failure)
      assert.deepStrictEqual(yield* mainPositions, positions(0, 2, 2, 2).slice(1))
    }).pipe(Effect.provide(world)))

  it.effect("keeps all groups of a broker that does not answer from before", () =>
    Effect.gen(function*() {
      yield* fourGroups
      const cluster = yield* Cluster
      const away = cluster.coordinatorOf("b")
      cluster.brokersAway.add(away)
      const { failure, outcome, run } = yield* passingTime(runOnce())
      assert.deepStrictEqual([outcome, failure], ["replaced", "Incomplete"])
      const isAway = (group: string) => cluster.coordinatorOf(group) === away
      const expected = groups.map((group) => isAway(group) ? 1 : 2)
      assert.deepStrictEqual(yield* mainPositions, positions(...expected))
      assert.strictEqual(run?.failedGroups, groups.filter(isAway).length)
    }).pipe(Effect.provide(world)))

  it.effect("does not take over groups of another cluster", () =>
    Effect.gen(function*() {
      yield* fourGroups
      ;(yield* Cluster).clusterId = "another"
      ;(yield* SickGroups).set("a", "GROUP_AUTHORIZATION_FAILED")
      yield* runOnce({ allowOtherCluster: true })
      assert.deepStrictEqual(yield* mainPositions, positions(0, 2, 2, 2).slice(1))
    }).pipe(Effect.provide(world)))

  it.effect("fails when Kafka does not answer, and leaves what is there", () =>
    Effect.gen(function*() {
      yield* fourGroups
      ;(yield* KafkaFaults).disconnect()
      assert.strictEqual((yield* passingTime(runOnce())).failure, "CONNECTION_FAILED")
      assert.deepStrictEqual(yield* mainPositions, positions(1, 1, 1, 1))
    }).pipe(Effect.provide(world)))

  it.effect("tries a store again that is away for a moment", () =>
    Effect.gen(function*() {
      yield* fourGroups
      const { faults } = yield* Bucket
      for (const operation of ["head", "get", "put", "putIfAbsent"] as const) {
        faults.push({ operation, reason: "Unreachable" }, { operation, reason: "Throttled" })
      }
      assert.isUndefined((yield* passingTime(runOnce())).failure)
      assert.deepStrictEqual(yield* mainPositions, positions(2, 2, 2, 2))
    }).pipe(Effect.provide(world)))

  it.effect("fails when the main object may not be written, and keeps the snapshot in the history", () =>
    Effect.gen(function*() {
      yield* fourGroups
      const { faults, objects } = yield* Bucket
      objects.clear()
      faults.push({ operation: "put", reason: "Denied" })
      assert.strictEqual((yield* runOnce()).failure, "Denied")
      assert.lengthOf(yield* listHistory(location), 1)
    }).pipe(Effect.provide(world)))

  it.effect("writes what it may not read, but nothing empty", () =>
    Effect.gen(function*() {
      yield* setTheClock
      const { faults } = yield* Bucket
      const denied = () => faults.push({ operation: "head", reason: "Denied", key: location })
      denied()
      assert.strictEqual((yield* runOnce()).failure, "HeldBack")
      yield* createTopic("orders", 1)
      yield* commit("a", "orders", 1)
      denied()
      assert.isUndefined((yield* runOnce()).failure)
      assert.deepStrictEqual(yield* mainPositions, ["a orders-0=1"])
      const said = (yield* Said).filter(({ message }) => message.startsWith("may not read"))
      assert.lengthOf(said, 2)
    }).pipe(Effect.provide(world)))

  it.effect("replaces a damaged object, but by nothing empty", () =>
    Effect.gen(function*() {
      const lastModified = yield* setTheClock
      const { objects } = yield* Bucket
      const damaged = { bytes: Buffer.from("Obj\u0001 and then"), metadata: {}, lastModified }
      objects.set(location, damaged)
      assert.strictEqual((yield* runOnce()).failure, "HeldBack")
      assert.strictEqual(objects.get(location), damaged)
      yield* createTopic("orders", 1)
      yield* commit("a", "orders", 1)
      assert.isUndefined((yield* runOnce()).failure)
      assert.deepStrictEqual(yield* mainPositions, ["a orders-0=1"])
    }).pipe(Effect.provide(world)))

  it.effect("does not replace what is no snapshot", () =>
    Effect.gen(function*() {
      const lastModified = yield* setTheClock
      const { objects } = yield* Bucket
      yield* createTopic("orders", 1)
      yield* commit("a", "orders", 1)
      const [archiveKey = ""] = fixtureKeys
      for (const bytes of [fixtureBytes(archiveKey), Buffer.from("name,amount")]) {
        const other = { bytes, metadata: {}, lastModified }
        objects.set(location, other)
        assert.strictEqual((yield* runOnce()).failure, "NotASnapshot")
        assert.strictEqual(objects.get(location), other)
        assert.lengthOf([...objects.keys()], 1)
      }
    }).pipe(Effect.provide(world)))
})
