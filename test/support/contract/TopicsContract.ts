/** What every Kafka layer must do with topics. */
import type { Vitest } from "@effect/vitest"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { Kafka } from "../../../services/Kafka.ts"
import type { SecondClient } from "./Fixtures.ts"
import { createTopic, reasonOf, unique, until } from "./Fixtures.ts"

const describeOne = (topic: string) =>
  Effect.map(
    Effect.flatMap(Kafka, (kafka) => kafka.metadata([topic])),
    ({ topics }) => topics.find((each) => each.topic === topic)
  )

const settles = (
  topic: string,
  is: (found: Effect.Effect.Success<ReturnType<typeof describeOne>>) => boolean
) => until(describeOne(topic), is)

export const topicsContract = (it: Vitest.MethodsNonLive<Kafka | SecondClient, true>): void => {
  it.effect("describes cluster and topic", () =>
    Effect.gen(function*() {
      const topic = yield* createTopic(3)
      const { brokers, clusterId, topics } = yield* (yield* Kafka).metadata([topic])
      assert.match(clusterId, /^[\w-]{22}$/)
      const nodes = brokers.map(({ nodeId }) => nodeId)
      assert.strictEqual(topics.length, 1)
      assert.match(topics[0]?.topicId ?? "", /^[\w-]{22}$/)
      assert.isFalse(topics[0]?.internal)
      assert.isUndefined(topics[0]?.error)
      const partitions = topics[0]?.partitions ?? []
      assert.deepStrictEqual(partitions.map(({ partition }) => partition), [0, 1, 2])
      for (const { leader, replicas } of partitions) {
        assert.include(nodes, leader)
        assert.include(replicas, leader)
      }
    }))

  it.effect("finds the topic among all topics", () =>
    Effect.gen(function*() {
      const topic = yield* createTopic()
      const { topics } = yield* (yield* Kafka).metadata(undefined)
      assert.include(topics.map((each) => each.topic), topic)
    }))

  it.effect("says that a topic is unknown, and does not create it", () =>
    Effect.gen(function*() {
      const topic = unique("missing")
      const found = yield* describeOne(topic)
      assert.strictEqual(found?.error, "UNKNOWN_TOPIC_OR_PARTITION")
      assert.deepStrictEqual(found?.partitions, [])
      const { topics } = yield* (yield* Kafka).metadata(undefined)
      assert.notInclude(topics.map((each) => each.topic), topic)
    }))

  it.effect("refuses to create a topic twice", () =>
    Effect.gen(function*() {
      const kafka = yield* Kafka
      const topic = yield* createTopic()
      const again = { topic, partitions: 1, replicationFactor: 1, configs: {} }
      assert.strictEqual(
        yield* reasonOf(kafka.createTopics([again])),
        "TOPIC_ALREADY_EXISTS"
      )
    }))

  it.effect("adds partitions, and never takes any away", () =>
    Effect.gen(function*() {
      const kafka = yield* Kafka
      const topic = yield* createTopic(2)
      const before = yield* describeOne(topic)
      yield* kafka.createPartitions(topic, 4)
      const after = yield* settles(topic, (found) => found?.partitions.length === 4)
      assert.strictEqual(after?.topicId, before?.topicId)
      assert.strictEqual(
        yield* reasonOf(kafka.createPartitions(topic, 3)),
        "INVALID_PARTITIONS"
      )
    }))

  it.effect("gives a recreated topic another id", () =>
    Effect.gen(function*() {
      const kafka = yield* Kafka
      const topic = yield* createTopic()
      const before = yield* describeOne(topic)
      yield* kafka.deleteTopics([topic])
      yield* settles(topic, (found) => found?.error === "UNKNOWN_TOPIC_OR_PARTITION")
      assert.strictEqual(
        yield* reasonOf(kafka.deleteTopics([topic])),
        "UNKNOWN_TOPIC_OR_PARTITION"
      )
      yield* kafka.createTopics([{ topic, partitions: 1, replicationFactor: 1, configs: {} }])
      const after = yield* settles(topic, (found) => found?.partitions.length === 1)
      assert.notStrictEqual(after?.topicId, before?.topicId)
    }))

  it.effect("tells the effective configs of the topics that exist", () =>
    Effect.gen(function*() {
      const kafka = yield* Kafka
      const topic = yield* createTopic(1, { "max.message.bytes": "54321" })
      const names = ["max.message.bytes", "message.timestamp.type"]
      const configs = yield* kafka.topicConfigs([topic, unique("missing")], names)
      assert.deepStrictEqual([...configs], [[topic, {
        "max.message.bytes": "54321",
        "message.timestamp.type": "CreateTime"
      }]])
    }))

  it.effect("tells what a topic has of its own, and sets it, leaving the rest as it is", () =>
    Effect.gen(function*() {
      const kafka = yield* Kafka
      const topic = yield* createTopic(1, { "max.message.bytes": "54321" })
      const missing = unique("missing")
      const before = yield* kafka.topicOverrides([topic, missing])
      assert.deepStrictEqual([...before], [[topic, { "max.message.bytes": "54321" }]])
      const configs = { "message.timestamp.type": "LogAppendTime" }
      yield* kafka.alterTopicConfigs([{ topic, configs }])
      const after = yield* until(
        kafka.topicOverrides([topic]),
        (found) => Object.keys(found.get(topic) ?? {}).length === 2
      )
      assert.deepStrictEqual(after.get(topic), { "max.message.bytes": "54321", ...configs })
      assert.strictEqual(
        yield* reasonOf(kafka.alterTopicConfigs([{ topic: missing, configs }])),
        "UNKNOWN_TOPIC_OR_PARTITION"
      )
    }))

  it.effect("takes away what a topic has of its own", () =>
    Effect.gen(function*() {
      const kafka = yield* Kafka
      const own = { "max.message.bytes": "54321", "retention.ms": "1000" }
      const topic = yield* createTopic(1, own)
      const [before] = (yield* kafka.topicConfigs([yield* createTopic()], ["retention.ms"]))
        .values()
      yield* kafka.alterTopicConfigs([{
        topic,
        configs: { "retention.ms": null, "cleanup.policy": null }
      }])
      const after = yield* until(
        kafka.topicOverrides([topic]),
        (found) => Object.keys(found.get(topic) ?? {}).length === 1
      )
      assert.deepStrictEqual(after.get(topic), { "max.message.bytes": "54321" })
      const effective = yield* kafka.topicConfigs([topic], ["retention.ms"])
      assert.deepStrictEqual(effective.get(topic), before)
    }))

  it.effect("tells what is allowed, of what does not exist too", () =>
    Effect.gen(function*() {
      const kafka = yield* Kafka
      const [topic, missing, group] = [yield* createTopic(), unique("missing"), unique("group")]
      const { cluster, groups, topics } = yield* kafka.rights([topic, missing], [group])
      for (const operation of ["Read", "Write", "Create", "DescribeConfigs"] as const) {
        assert.isTrue(topics.get(topic)?.has(operation), operation)
        assert.isTrue(topics.get(missing)?.has(operation), operation)
      }
      assert.isTrue(groups.get(group)?.has("Read"))
      assert.isTrue(cluster?.has("Create"))
      const { topics: found } = yield* kafka.metadata(undefined)
      assert.notInclude(found.map((each) => each.topic), missing)
    }))

  it.effect("tells what is free on disks, and what topics take", () =>
    Effect.gen(function*() {
      const kafka = yield* Kafka
      const topic = yield* createTopic(2)
      const { brokers } = yield* kafka.metadata([])
      const partitions = [0, 1].map((partition) => ({ topic, partition }))
      const disks = yield* kafka.disks(partitions)
      assert.deepStrictEqual(
        disks.map(({ broker }) => broker).toSorted(),
        brokers.map(({ nodeId }) => nodeId).toSorted()
      )
      for (const { topicBytes, usableBytes } of disks) {
        assert.isAbove(usableBytes, 0)
        assert.strictEqual(topicBytes.get(topic) ?? 0, 0)
      }
    }))
}
