import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { findHolds, holdRetention, releaseHolds } from "../../streams/holds/HoldRetention.ts"
import { Cluster, KafkaFaults } from "../support/KafkaMemory.ts"
import { Bucket } from "../support/ObjectStoreMemory.ts"
import { world } from "../support/RestoreHarness.ts"

const week = "604800000"

const create = (topic: string, configs: Readonly<Record<string, string>> = {}) =>
  Effect.map(Cluster, ({ topics }) => {
    topics.create(topic, 1, configs)
  })

/** What the topic has of its own, and what holds. */
const retention = (topic: string) =>
  Effect.map(Cluster, ({ topics }) => {
    const found = topics.find(topic)
    return {
      own: Object.fromEntries(found?.overrides ?? []),
      ms: found?.configs.get("retention.ms")
    }
  })

const keys = Effect.map(Bucket, ({ objects }) => [...objects.keys()])

const hold = holdRetention("backup", ["orders", "payments"])

const two = Effect.zipRight(
  create("orders", { "retention.ms": "1000", "retention.bytes": "5000" }),
  create("payments")
)

const key = (topic: string) => `backup.meta/retention/memory-cluster-0000001.${topic}.json`

describe("retention that is held", () => {
  it.effect("is unlimited, and then as it was, of its own or not", () =>
    Effect.gen(function*() {
      yield* two
      const held = yield* hold
      for (const topic of ["orders", "payments"]) {
        assert.deepStrictEqual(yield* retention(topic), {
          own: { "retention.ms": "-1", "retention.bytes": "-1" },
          ms: "-1"
        })
      }
      assert.deepStrictEqual(yield* keys, [key("orders"), key("payments")])
      yield* releaseHolds("backup", held)
      assert.deepStrictEqual(yield* retention("orders"), {
        own: { "retention.ms": "1000", "retention.bytes": "5000" },
        ms: "1000"
      })
      assert.deepStrictEqual(yield* retention("payments"), { own: {}, ms: week })
      assert.deepStrictEqual(yield* keys, [])
    }).pipe(Effect.provide(world)))

  it.effect("is found again after a crash, and goes back to what it was before the first", () =>
    Effect.gen(function*() {
      yield* two
      yield* hold
      const found = yield* findHolds("backup")
      assert.deepStrictEqual(found.map(({ topic }) => topic), ["orders", "payments"])
      const again = yield* hold
      assert.deepStrictEqual(again, found)
      yield* releaseHolds("backup", again)
      assert.strictEqual((yield* retention("orders")).ms, "1000")
      assert.strictEqual((yield* retention("payments")).ms, week)
      assert.deepStrictEqual(yield* findHolds("backup"), [])
    }).pipe(Effect.provide(world)))

  it.effect("was noted, but the crash came before it was raised", () =>
    Effect.gen(function*() {
      yield* two
      const faults = yield* KafkaFaults
      faults.fail("alterTopicConfigs", "TOPIC_AUTHORIZATION_FAILED")
      yield* Effect.flip(hold)
      assert.lengthOf(yield* keys, 2)
      yield* releaseHolds("backup", yield* findHolds("backup"))
      assert.deepStrictEqual((yield* retention("orders")).own, {
        "retention.ms": "1000",
        "retention.bytes": "5000"
      })
      assert.deepStrictEqual(yield* retention("payments"), { own: {}, ms: week })
      assert.deepStrictEqual(yield* keys, [])
    }).pipe(Effect.provide(world)))

  it.effect("stays as somebody else has set it meanwhile", () =>
    Effect.gen(function*() {
      yield* two
      const held = yield* hold
      const { topics } = yield* Cluster
      topics.find("orders")?.overrides.set("retention.ms", "77")
      yield* releaseHolds("backup", held)
      assert.deepStrictEqual((yield* retention("orders")).own, {
        "retention.ms": "77",
        "retention.bytes": "5000"
      })
    }).pipe(Effect.provide(world)))

  it.effect("of a topic that has been recreated since is nothing to put back", () =>
    Effect.gen(function*() {
      yield* two
      yield* hold
      const { topics } = yield* Cluster
      topics.remove("orders")
      yield* create("orders", { "retention.ms": "3000" })
      topics.remove("payments")
      yield* create("payments")
      yield* releaseHolds("backup", (yield* findHolds("backup")).slice(1))
      assert.deepStrictEqual(yield* retention("payments"), { own: {}, ms: week })
      const held = yield* holdRetention("backup", ["orders"])
      yield* releaseHolds("backup", held)
      assert.deepStrictEqual((yield* retention("orders")).own, { "retention.ms": "3000" })
      assert.deepStrictEqual(yield* keys, [])
    }).pipe(Effect.provide(world)))

  it.effect("was put back, but the crash came before that was noted", () =>
    Effect.gen(function*() {
      yield* two
      yield* hold
      const { topics } = yield* Cluster
      const orders = topics.find("orders")
      orders?.overrides.set("retention.ms", "2000")
      const held = yield* hold
      assert.strictEqual((yield* retention("orders")).ms, "-1")
      yield* releaseHolds("backup", held)
      assert.deepStrictEqual((yield* retention("orders")).own, {
        "retention.ms": "2000",
        "retention.bytes": "5000"
      })
    }).pipe(Effect.provide(world)))

  it.effect("goes back to what it was before the first of two that begin at once", () =>
    Effect.gen(function*() {
      yield* two
      const faults = yield* KafkaFaults
      let looks = 0
      // The first one raises it between the other's look for notes and its look at the topics.
      const first = Effect.provide(
        hold,
        yield* Effect.context<Effect.Effect.Context<typeof hold>>()
      )
      faults.before(
        "topicOverrides",
        Effect.suspend(() => ++looks === 1 ? Effect.asVoid(Effect.orDie(first)) : Effect.void)
      )
      const held = yield* hold
      yield* releaseHolds("backup", held)
      assert.strictEqual((yield* retention("orders")).ms, "1000")
      assert.strictEqual((yield* retention("payments")).ms, week)
    }).pipe(Effect.provide(world)))

  it.effect("stays noted while the cluster does not show the topic", () =>
    Effect.gen(function*() {
      yield* two
      const held = yield* hold
      const { topics } = yield* Cluster
      const orders = topics.find("orders")
      if (orders === undefined) return assert.fail("no topic")
      orders.error = "TOPIC_AUTHORIZATION_FAILED"
      const failed = yield* Effect.flip(releaseHolds("backup", held))
      assert.include(failed.message, "TOPIC_AUTHORIZATION_FAILED")
      assert.deepStrictEqual(yield* keys, [key("orders"), key("payments")])
      orders.error = "UNKNOWN_TOPIC_OR_PARTITION"
      yield* releaseHolds("backup", held)
      assert.deepStrictEqual(yield* keys, [key("orders")])
      orders.error = undefined
      yield* releaseHolds("backup", yield* findHolds("backup"))
      assert.strictEqual((yield* retention("orders")).ms, "1000")
      assert.deepStrictEqual(yield* keys, [])
    }).pipe(Effect.provide(world)))

  it.effect("is left alone where the archive may not be written", () =>
    Effect.gen(function*() {
      yield* two
      const { faults } = yield* Bucket
      faults.push({ operation: "putIfAbsent", reason: "Denied" })
      const failed = yield* Effect.flip(hold)
      assert.strictEqual(failed._tag, "HoldError")
      assert.include(failed.message, "backup.meta/retention/memory-cluster-0000001.*")
      assert.strictEqual((yield* retention("orders")).ms, "1000")
      assert.strictEqual((yield* KafkaFaults).calls("alterTopicConfigs"), 0)
    }).pipe(Effect.provide(world)))

  it.effect("cannot be held by a note that says nothing", () =>
    Effect.gen(function*() {
      yield* two
      const { objects } = yield* Bucket
      objects.set(key("orders"), { bytes: Buffer.from("{}"), metadata: {}, lastModified: 0 })
      const failed = yield* Effect.flip(hold)
      assert.include(failed.message, key("orders"))
      assert.strictEqual((yield* retention("orders")).ms, "1000")
    }).pipe(Effect.provide(world)))

  it.effect("is kept without a slash in an archive without a prefix", () =>
    Effect.gen(function*() {
      yield* create("orders", { "retention.ms": "1000" })
      const held = yield* holdRetention("", ["orders"])
      assert.deepStrictEqual(yield* keys, [
        "kafka-data-keep.meta.retention.memory-cluster-0000001.orders.json"
      ])
      assert.deepStrictEqual(yield* findHolds(""), held)
      yield* releaseHolds("", held)
      assert.deepStrictEqual(yield* keys, [])
    }).pipe(Effect.provide(world)))
})
