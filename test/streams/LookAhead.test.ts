import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { TopicDefinition } from "../../src/domain/TopicDefinition.ts"
import { diskObstacles } from "../../streams/preflight/Disk.ts"
import type { LookOptions } from "../../streams/preflight/LookAhead.ts"
import { lookAhead, plainLook } from "../../streams/preflight/LookAhead.ts"
import { buildBatch, plainRecord } from "../support/Batches.ts"
import { Cluster, KafkaFaults } from "../support/KafkaMemory.ts"
import { createTarget, world } from "../support/RestoreHarness.ts"

const source = (topic: string) => ({
  topic,
  partitions: new Set([0]),
  partitionCount: 2,
  files: 1,
  bytes: 1000,
  largestPartition: 1000,
  damages: [],
  records: 10,
  largestRecord: 500,
  minTimestamp: 1_000_000n,
  maxTimestamp: 1_000_001n
})

const step = (topic: string) => ({ source: source(topic), target: `restored.${topic}` })

const definition = (changes: Partial<TopicDefinition> = {}): TopicDefinition => ({
  topic: "orders",
  topicId: "AAAAAAAAAAAAAAAAAAAAAA",
  partitions: 2,
  replicationFactor: 1,
  configs: {},
  ...changes
})

const look = (
  changes: Partial<TopicDefinition> | undefined,
  topicConfigs: Readonly<Record<string, string>> = {}
) => {
  const options: LookOptions = {
    ...plainLook,
    failOnExistingData: true,
    creation: changes && {
      definitions: new Map([["orders", definition(changes)]]),
      topicConfigs
    }
  }
  return lookAhead([step("orders")], options)
}

describe("a target that is missing", () => {
  it.live("is judged as it is going to be created", () =>
    Effect.gen(function*() {
      const found = yield* look({
        replicationFactor: 3,
        configs: {
          "retention.ms": "1000",
          "max.message.bytes": "400",
          "min.insync.replicas": "2"
        }
      })
      assert.deepStrictEqual(found.map(({ kind }) => kind), [
        "missing",
        "size",
        "replicas",
        "retention"
      ])
      const [missing, size] = found
      assert.include(missing?.problem, "its source had 3 replicas, there can be 1")
      assert.strictEqual(size?.remedy, "-topic-config max.message.bytes=625")
    }).pipe(Effect.provide(world)))

  it.live("is as the command line has it, before its definition", () =>
    Effect.gen(function*() {
      const found = yield* look({ configs: { "retention.ms": "1000" } }, { "retention.ms": "-1" })
      assert.deepStrictEqual(found.map(({ kind }) => kind), ["missing"])
    }).pipe(Effect.provide(world)))

  it.live("is missing, and nothing else, when it is not going to be created", () =>
    Effect.gen(function*() {
      const found = yield* look(undefined)
      assert.deepStrictEqual(found.map(({ kind }) => kind), ["missing"])
      assert.include(found[0]?.remedy, "-create-topics")
    }).pipe(Effect.provide(world)))

  it.live("is judged as it is when it is there", () =>
    Effect.gen(function*() {
      yield* createTarget("orders", 1, { "retention.ms": "-1" })
      const found = yield* look({ configs: { "retention.ms": "1000" } })
      assert.deepStrictEqual(found, [])
    }).pipe(Effect.provide(world)))
})

const asked = (changes: Partial<LookOptions> = {}) =>
  Effect.map(
    lookAhead([step("orders"), step("payments")], {
      ...plainLook,
      failOnExistingData: true,
      ...changes
    }),
    (found) =>
      found.flatMap(({ kind, problem, remedy, topic }) =>
        kind === "rights" ? [{ topic, problem, remedy }] : []
      )
  )

describe("what is not allowed", () => {
  const bothThere = Effect.zipRight(
    createTarget("orders", 2, { "retention.ms": "1000" }),
    createTarget("payments", 2, { "retention.ms": "-1" })
  )

  it.live("is named in one finding for each topic and group, with the command that grants it", () =>
    Effect.gen(function*() {
      yield* bothThere
      const { forbidden } = yield* Cluster
      forbidden.set("restored.payments", ["Write", "Read"])
      forbidden.set("group readers", ["Read"])
      assert.deepStrictEqual(yield* asked({ groups: ["readers", "writers"] }), [
        {
          topic: "restored.payments",
          problem: "Read, Write are not allowed",
          remedy: "kafka-acls.sh --add --allow-principal User:… --operation Read " +
            "--operation Write --topic restored.payments"
        },
        {
          topic: "group readers",
          problem: "Read is not allowed",
          remedy: "kafka-acls.sh --add --allow-principal User:… --operation Read --group readers"
        }
      ])
    }).pipe(Effect.provide(world)))

  it.live("is what raising retention takes, only where it is to be raised", () =>
    Effect.gen(function*() {
      yield* bothThere
      const { forbidden } = yield* Cluster
      for (const topic of ["restored.orders", "restored.payments"]) {
        forbidden.set(topic, ["AlterConfigs"])
      }
      assert.deepStrictEqual(yield* asked(), [])
      const held = yield* asked({ hold: new Set() })
      assert.deepStrictEqual(held.map(({ topic }) => topic), ["restored.orders"])
      const both = yield* asked({ hold: new Set(["restored.payments"]) })
      assert.deepStrictEqual(both.map(({ problem }) => problem), [
        "AlterConfigs is not allowed",
        "AlterConfigs is not allowed"
      ])
    }).pipe(Effect.provide(world)))

  it.live("is to create a topic, on it and on the cluster", () =>
    Effect.gen(function*() {
      const { forbidden } = yield* Cluster
      const creation = { definitions: new Map(), topicConfigs: {} }
      forbidden.set("restored.orders", ["Create"])
      assert.deepStrictEqual(yield* asked({ creation }), [])
      forbidden.set("cluster", ["Create"])
      assert.deepStrictEqual(yield* asked({ creation }), [{
        topic: "restored.orders",
        problem: "Create is not allowed",
        remedy:
          "kafka-acls.sh --add --allow-principal User:… --operation Create --topic restored.orders"
      }])
      assert.deepStrictEqual(yield* asked(), [])
    }).pipe(Effect.provide(world)))

  it.live("is to read the configs of one topic, and the others are read all the same", () =>
    Effect.gen(function*() {
      yield* bothThere
      const { forbidden } = yield* Cluster
      forbidden.set("restored.payments", ["DescribeConfigs"])
      const found = yield* lookAhead([step("payments"), step("orders")], {
        ...plainLook,
        failOnExistingData: true
      })
      assert.deepStrictEqual(found.map(({ kind, topic }) => `${topic} ${kind}`), [
        "restored.orders retention"
      ])
    }).pipe(Effect.provide(world)))
})

describe("the disks of the brokers", () => {
  const disk = Effect.map(
    lookAhead([step("orders"), step("payments")], { ...plainLook, failOnExistingData: true }),
    (found) => found.filter(({ kind }) => kind === "disk")
  )

  it.live("have room for all of it, or the least that is needed is named", () =>
    Effect.gen(function*() {
      yield* createTarget("orders", 2, { "retention.ms": "-1" })
      const cluster = yield* Cluster
      cluster.usableBytes = 2000
      assert.deepStrictEqual(yield* disk, [])
      cluster.usableBytes = 1999
      const [found] = yield* disk
      assert.strictEqual(found?.topic, "all")
      assert.include(found?.problem, "about 1 MiB are needed")
    }).pipe(Effect.provide(world)))

  it.live("need no more room for what has been restored before", () =>
    Effect.gen(function*() {
      yield* createTarget("orders", 2, { "retention.ms": "-1" })
      const cluster = yield* Cluster
      const batch = buildBatch([plainRecord({ value: Buffer.alloc(900) })])
      cluster.append({ topic: "restored.orders", partition: 0 }, batch)
      cluster.usableBytes = 1100
      assert.deepStrictEqual(yield* disk, [])
    }).pipe(Effect.provide(world)))

  it.live("are not known to everybody", () =>
    Effect.gen(function*() {
      const cluster = yield* Cluster
      cluster.usableBytes = 0
      assert.lengthOf(yield* disk, 1)
      const faults = yield* KafkaFaults
      faults.fail("disks", "CLUSTER_AUTHORIZATION_FAILED")
      assert.deepStrictEqual(yield* disk, [])
    }).pipe(Effect.provide(world)))

  it("hold every replica, and are those of all brokers", () => {
    const needs = [{ topic: "orders", bytes: 1000, replicas: 3, partitions: [] }]
    const disks = (usableBytes: number) =>
      [1, 2].map((broker) => ({ broker, usableBytes, topicBytes: new Map() }))
    assert.lengthOf(diskObstacles(needs, disks(1499)), 1)
    assert.lengthOf(diskObstacles(needs, disks(1500)), 0)
  })
})
