import { assert, describe, it } from "@effect/vitest"
import { Effect, Metric, Queue, Stream, TestClock } from "effect"
import { groupsBackupSeconds, groupsSnapshotAge } from "../../services/Metrics.ts"
import type { BackupGroupsOptions } from "../../src/domain/Settings.ts"
import { backupGroups } from "../../streams/BackupGroups.ts"
import type { SnapshotRun } from "../../streams/snapshot/SnapshotRun.ts"
import {
  commit,
  createTopic,
  groupsOptions,
  hour,
  location,
  mainPositions,
  setTheClock,
  world
} from "../support/GroupsHarness.ts"
import { Cluster, KafkaFaults } from "../support/KafkaMemory.ts"
import { Bucket } from "../support/ObjectStoreMemory.ts"
import { Said } from "../support/Said.ts"

/** A backup that goes on; its runs, as they come. */
const start = (changes: Partial<BackupGroupsOptions> = {}) =>
  Effect.gen(function*() {
    const runs = yield* Queue.unbounded<SnapshotRun>()
    const fiber = yield* Stream.runForEach(
      backupGroups(groupsOptions({ once: false, ...changes })),
      (run) => runs.offer(run)
    ).pipe(Effect.forkScoped)
    return { runs, fiber }
  })

const oneGroup = Effect.gen(function*() {
  yield* setTheClock
  yield* createTopic("orders", 4)
  yield* commit("g", "orders", 1, 4)
})

const age = Effect.map(Metric.value(groupsSnapshotAge), ({ value }) => value)

describe("backupGroups, going on,", () => {
  it.scoped("runs at once and then at each interval, slow or not", () =>
    Effect.gen(function*() {
      yield* oneGroup
      const { runs } = yield* start()
      assert.strictEqual((yield* runs.take).outcome, "replaced")
      yield* TestClock.adjust("59 seconds")
      assert.strictEqual(yield* runs.size, 0)
      yield* TestClock.adjust("1 second")
      yield* runs.take
      ;(yield* KafkaFaults).delay("listGroups", 25_000)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* runs.size, 0)
      yield* TestClock.adjust("25 seconds")
      assert.strictEqual((yield* runs.take).durationMs, 25_000)
      assert.strictEqual((yield* Metric.value(groupsBackupSeconds)).value, 25)
      ;(yield* KafkaFaults).heal()
      yield* TestClock.adjust("35 seconds")
      assert.strictEqual((yield* runs.take).durationMs, 0)
    }).pipe(Effect.provide(world)))

  it.scoped("shows the age of the newest good snapshot, also while it is held back", () =>
    Effect.gen(function*() {
      yield* oneGroup
      const first = yield* start()
      yield* first.runs.take
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(yield* age, 30)
      ;(yield* Cluster).group("h").offsets.commit({
        topic: "orders",
        partition: 0,
        offset: 1n,
        leaderEpoch: -1,
        metadata: ""
      })
      yield* TestClock.adjust("30 seconds")
      yield* first.runs.take
      assert.strictEqual(yield* age, 0)
      ;(yield* Cluster).clusterId = "another"
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* first.runs.take).outcome, "refused")
      assert.strictEqual(yield* age, 60)
      const second = yield* start()
      yield* second.runs.take
      assert.strictEqual(yield* age, 60)
    }).pipe(Effect.provide(world)))

  it.scoped("remembers since when it holds back when there is no history", () =>
    Effect.gen(function*() {
      yield* oneGroup
      const { runs } = yield* start({
        historyIntervalMs: 0,
        shrinkHoldMs: hour,
        runIntervalMs: hour / 4
      })
      yield* runs.take
      const { offsets } = (yield* Cluster).group("g")
      for (let partition = 0; partition < 4; partition++) {
        offsets.commit({ topic: "orders", partition, offset: -1n, leaderEpoch: -1, metadata: "" })
      }
      const outcomes: Array<string> = []
      for (let quarter = 1; quarter <= 5; quarter++) {
        yield* TestClock.adjust("15 minutes")
        outcomes.push((yield* runs.take).outcome)
      }
      assert.deepStrictEqual(outcomes, ["held", "held", "held", "held", "replaced"])
      assert.deepStrictEqual(yield* mainPositions, ["g"])
    }).pipe(Effect.provide(world)))

  it.scoped("goes on after a run that failed, with a warning", () =>
    Effect.gen(function*() {
      yield* oneGroup
      const { runs } = yield* start()
      yield* runs.take
      const { faults } = yield* Bucket
      faults.push({ operation: "put", reason: "Denied", key: location })
      ;(yield* KafkaFaults).fail("metadata", "CLUSTER_AUTHORIZATION_FAILED")
      yield* TestClock.adjust("1 minute")
      yield* TestClock.adjust("1 minute")
      yield* TestClock.adjust("1 minute")
      yield* runs.take
      const said = (yield* Said).filter(({ message }) => message.startsWith("no snapshot could"))
      assert.lengthOf(said, 2)
    }).pipe(Effect.provide(world)))

  it.scoped("fails when its first run does", () =>
    Effect.gen(function*() {
      yield* oneGroup
      const { faults } = yield* Bucket
      faults.push({ operation: "put", reason: "NoSuchBucket" })
      const { fiber } = yield* start()
      const error = yield* Effect.flip(fiber.await.pipe(Effect.flatten))
      assert.include(error.message, "NoSuchBucket")
    }).pipe(Effect.provide(world)))

  it.scoped("does no harm beside another one", () =>
    Effect.gen(function*() {
      yield* oneGroup
      const [one, other] = [yield* start(), yield* start()]
      for (let minutes = 0; minutes < 20; minutes++) {
        const { outcome } = yield* one.runs.take
        assert.deepStrictEqual([outcome, (yield* other.runs.take).outcome], [
          "replaced",
          "replaced"
        ])
        yield* commit("g", "orders", minutes, 4)
        yield* TestClock.adjust("1 minute")
      }
      const { objects } = yield* Bucket
      assert.lengthOf([...objects.keys()].filter((key) => key.includes(".history/")), 2)
    }).pipe(Effect.provide(world)))
})
