import { assert, describe, it } from "@effect/vitest"
import { Effect, Metric, TestClock } from "effect"
import { groupHistoryFailures } from "../../services/Metrics.ts"
import { listHistory } from "../../streams/snapshot/SnapshotStore.ts"
import {
  commit,
  createTopic,
  historyMinutes,
  hour,
  location,
  minute,
  runOnce,
  setTheClock,
  world
} from "../support/GroupsHarness.ts"
import { Cluster } from "../support/KafkaMemory.ts"
import { Bucket } from "../support/ObjectStoreMemory.ts"

const failures = Effect.map(Metric.value(groupHistoryFailures), ({ count }) => count)

/** A good snapshot every minute, each by a process of its own. */
const runsEveryMinute = (minutes: number, changes: Parameters<typeof runOnce>[0] = {}) =>
  Effect.repeatN(
    Effect.zipLeft(runOnce(changes), TestClock.adjust("1 minute")),
    minutes - 1
  )

const cluster = Effect.gen(function*() {
  const start = yield* setTheClock
  yield* createTopic("orders", 4)
  yield* commit("g", "orders", 1, 4)
  return start
})

describe("the history of backupGroups", () => {
  it.effect("gets one snapshot in each interval, whoever takes it", () =>
    Effect.gen(function*() {
      const start = yield* cluster
      yield* runsEveryMinute(40)
      assert.deepStrictEqual(yield* historyMinutes(start), ["0", "15", "30"])
    }).pipe(Effect.provide(world)))

  it.effect("is not late for runs that begin a little early", () =>
    Effect.gen(function*() {
      const start = yield* cluster
      yield* runOnce()
      yield* TestClock.adjust(14 * minute + 40_000)
      yield* runOnce()
      assert.deepStrictEqual(yield* historyMinutes(start), ["0", "14"])
    }).pipe(Effect.provide(world)))

  it.effect("loses what is too old, but never the newest good one", () =>
    Effect.gen(function*() {
      const start = yield* cluster
      yield* runOnce({ historyMaxAgeMs: hour })
      yield* TestClock.adjust("20 minutes")
      yield* runOnce({ historyMaxAgeMs: hour })
      const { offsets } = (yield* Cluster).group("g")
      for (let partition = 0; partition < 4; partition++) {
        offsets.commit({ topic: "orders", partition, offset: -1n, leaderEpoch: -1, metadata: "" })
      }
      const shrinkHoldMs = 100 * hour
      yield* TestClock.adjust("1 minute")
      yield* runOnce({ historyMaxAgeMs: hour, shrinkHoldMs })
      yield* TestClock.adjust("70 minutes")
      yield* runOnce({ historyMaxAgeMs: hour, shrinkHoldMs })
      assert.deepStrictEqual(yield* historyMinutes(start), ["20", "91 held"])
    }).pipe(Effect.provide(world)))

  it.effect("is left alone with an interval of 0", () =>
    Effect.gen(function*() {
      const start = yield* cluster
      yield* runOnce()
      const { calls } = yield* Bucket
      calls.length = 0
      yield* TestClock.adjust("200 hours")
      assert.strictEqual((yield* runOnce({ historyIntervalMs: 0 })).outcome, "replaced")
      assert.deepStrictEqual(calls.filter(([, key]) => key.includes(".history")), [])
      assert.deepStrictEqual(yield* historyMinutes(start), ["0"])
    }).pipe(Effect.provide(world)))

  it.effect("that cannot be written is a warning, and the main object is replaced", () =>
    Effect.gen(function*() {
      const start = yield* cluster
      const { faults } = yield* Bucket
      const before = yield* failures
      faults.push({ operation: "putIfAbsent", reason: "Denied" })
      const { failure, run } = yield* runOnce()
      assert.isUndefined(failure)
      assert.deepInclude(run, { outcome: "replaced", historyKey: undefined })
      assert.strictEqual((yield* failures) - before, 1)
      yield* TestClock.adjust("1 minute")
      yield* runOnce()
      assert.deepStrictEqual(yield* historyMinutes(start), ["1"])
    }).pipe(Effect.provide(world)))

  it.effect("is written by those who may not list it", () =>
    Effect.gen(function*() {
      const start = yield* cluster
      const { faults } = yield* Bucket
      faults.push({ operation: "list", reason: "Denied" })
      assert.isDefined((yield* runOnce()).run?.historyKey)
      assert.deepStrictEqual(yield* historyMinutes(start), ["0"])
    }).pipe(Effect.provide(world)))

  it.effect("keeps old entries that cannot be removed for the next time", () =>
    Effect.gen(function*() {
      const start = yield* cluster
      const before = yield* failures
      yield* runOnce()
      yield* TestClock.adjust("2 hours")
      const { faults } = yield* Bucket
      faults.push({ operation: "remove", reason: "Denied" })
      yield* runOnce({ historyMaxAgeMs: hour })
      assert.deepStrictEqual(yield* historyMinutes(start), ["0", "120"])
      assert.strictEqual((yield* failures) - before, 1)
      yield* TestClock.adjust("15 minutes")
      yield* runOnce({ historyMaxAgeMs: hour })
      assert.deepStrictEqual(yield* historyMinutes(start), ["120", "135"])
    }).pipe(Effect.provide(world)))

  it.effect("passes over a damaged entry when it looks for the newest good one", () =>
    Effect.gen(function*() {
      const start = yield* cluster
      yield* runOnce()
      yield* TestClock.adjust(20 * minute)
      yield* runOnce()
      const [, newest] = yield* listHistory(location)
      const { objects } = yield* Bucket
      const bytes = Buffer.from("not a container")
      objects.set(newest?.key ?? "", { bytes, metadata: {}, lastModified: start })
      yield* TestClock.adjust("2 hours")
      yield* commit("g", "orders", 1, 4)
      yield* runOnce({ historyMaxAgeMs: hour })
      assert.lengthOf(yield* listHistory(location), 1)
    }).pipe(Effect.provide(world)))
})
