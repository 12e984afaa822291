import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { Kafka } from "../../services/Kafka.ts"
import { definitionsFolder, parseDefinitionsKey } from "../../src/domain/TopicDefinition.ts"
import { backupTopics } from "../../streams/BackupTopics.ts"
import { makeKeepDefinitions } from "../../streams/definitions/KeepDefinitions.ts"
import {
  append,
  archiveKeys,
  backup,
  backupOptions,
  objects,
  world
} from "../support/BackupHarness.ts"
import { Cluster, KafkaFaults } from "../support/KafkaMemory.ts"
import { Bucket } from "../support/ObjectStoreMemory.ts"

const create = (topic: string, partitions: number, configs: Record<string, string> = {}) =>
  Effect.map(Cluster, (cluster) => cluster.topics.create(topic, partitions, configs).topicId)

const keysUnder = (prefix: string) =>
  Effect.map(
    objects,
    (all) => [...all.keys()].filter((key) => key.startsWith(definitionsFolder(prefix))).sort()
  )

const kept = (prefix = "backup") =>
  Effect.gen(function*() {
    const all = yield* objects
    return (yield* keysUnder(prefix)).map((key): unknown =>
      JSON.parse(Buffer.from(all.get(key)?.bytes ?? []).toString())
    )
  })

const until = <E, R>(condition: Effect.Effect<boolean, E, R>) =>
  Effect.repeat(Effect.delay(condition, "20 millis"), { until: (done) => done }).pipe(
    Effect.timeoutFail({ duration: "10 seconds", onTimeout: () => "it never came to be" })
  )

describe("the definitions of the topics of a backup", () => {
  it.live("are kept once, and again when they have changed", () =>
    Effect.gen(function*() {
      const kafka = yield* Kafka
      const topicId = yield* create("orders", 3, {
        "retention.ms": "1",
        "cleanup.policy": "compact"
      })
      yield* create("left-out", 1)
      const options = { exclude: (topic: string) => topic === "left-out" }
      yield* backup(options)
      yield* backup(options)
      yield* backup({ ...options, groupId: "another" })
      const [key = ""] = yield* keysUnder("backup")
      assert.isDefined(parseDefinitionsKey("backup", key))
      const orders = { topic: "orders", topicId, partitions: 3, replicationFactor: 1 }
      const before = { "cleanup.policy": "compact", "retention.ms": "1" }
      const { clusterId } = yield* kafka.metadata([])
      const [first, ...none] = yield* kept()
      assert.deepStrictEqual(none, [])
      assert.deepInclude(first, { version: 1, clusterId, topics: [{ ...orders, configs: before }] })
      yield* kafka.alterTopicConfigs([{ topic: "orders", configs: { "retention.ms": "2" } }])
      yield* backup(options)
      const [, second, ...more] = yield* kept()
      assert.deepStrictEqual(more, [])
      assert.deepInclude(second, {
        topics: [{ ...orders, configs: { ...before, "retention.ms": "2" } }]
      })
    }).pipe(Effect.provide(world)))

  it.live("are flat keys beside an archive without a prefix", () =>
    Effect.gen(function*() {
      yield* create("orders", 1)
      yield* backup({ prefix: "" })
      const keys = yield* keysUnder("")
      assert.lengthOf(keys, 1)
      assert.match(keys[0] ?? "", /^kafka-data-keep\.meta\.topics\.\d{8}T\d{6}\.\d{3}Z\.json$/)
    }).pipe(Effect.provide(world)))

  it.live("are kept without configs by who may not read them, and the backup goes on", () =>
    Effect.gen(function*() {
      yield* create("orders", 1, { "retention.ms": "1" })
      yield* append({ topic: "orders", partition: 0 }, 5)
      const faults = yield* KafkaFaults
      faults.fail("topicOverrides", "TOPIC_AUTHORIZATION_FAILED")
      yield* backup()
      const [only] = yield* kept()
      assert.deepNestedPropertyVal(only, "topics[0].configs", null)
      assert.lengthOf(yield* archiveKeys, 1)
    }).pipe(Effect.provide(world)))

  it.live("are tried again by the next look, also after a change while it runs", () =>
    Effect.gen(function*() {
      const kafka = yield* Kafka
      const { calls, faults } = yield* Bucket
      yield* create("orders", 1)
      const folder = definitionsFolder("backup")
      faults.push({ operation: "list", key: folder, reason: "Denied" })
      const running = yield* Effect.fork(
        Stream.runDrain(backupTopics(backupOptions({ once: false })))
      )
      yield* until(Effect.map(kept(), ({ length }) => length === 1))
      assert.isAtLeast(calls.filter(([, key]) => key === folder).length, 2)
      yield* kafka.createPartitions("orders", 2)
      yield* until(Effect.map(kept(), ({ length }) => length === 2))
      assert.deepNestedPropertyVal((yield* kept())[1], "topics[0].partitions", 2)
      yield* Fiber.interrupt(running)
    }).pipe(Effect.provide(world)))

  it.live("hold ten thousand topics", () =>
    Effect.gen(function*() {
      const count = 10_000
      for (let at = 0; at < count; at++) yield* create(`topic-${at}`, 1)
      const { clusterId, topics } = yield* (yield* Kafka).metadata(undefined)
      yield* makeKeepDefinitions("backup", clusterId)(topics)
      const [only] = yield* kept()
      assert.deepNestedPropertyVal(only, "topics.length", count)
    }).pipe(Effect.provide(world)))
})
