import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import type { TopicDefinition } from "../../src/domain/TopicDefinition.ts"
import type { EnsureTargetsOptions } from "../../streams/targets/EnsureTargets.ts"
import { ensureTargets, switchTimestamps } from "../../streams/targets/EnsureTargets.ts"
import { planTopic } from "../../streams/targets/TargetPlan.ts"
import { Cluster, KafkaFaults, layerOf } from "../support/KafkaMemory.ts"

const lines: Array<string> = []

const world = Layer.mergeAll(
  layerOf(2),
  Logger.replace(
    Logger.defaultLogger,
    Logger.make(({ annotations, message }) =>
      lines.push(
        [message, ...[...annotations].map(([name, value]) => `${name}: ${value}`)].join(" ")
      )
    )
  )
)

const unlimited = "9223372036854775807"
const limits = {
  "message.timestamp.before.max.ms": unlimited,
  "message.timestamp.after.max.ms": unlimited
}

const definition = (changes: Partial<TopicDefinition> = {}): TopicDefinition => ({
  topic: "orders",
  topicId: "id",
  partitions: 4,
  replicationFactor: 3,
  configs: { "cleanup.policy": "compact" },
  ...changes
})

const ensure = (changes: Partial<EnsureTargetsOptions> = {}, defined = definition()) =>
  ensureTargets({
    wanted: [{ source: "orders", target: "restored.orders", leastPartitions: 2 }],
    definitions: new Map([[defined.topic, defined]]),
    topicConfigs: {},
    ...changes
  })

const found = (topic: string) =>
  Effect.map(Cluster, ({ topics }) => {
    const known = topics.find(topic)
    return known && {
      partitions: known.logs.length,
      overrides: Object.fromEntries(known.overrides)
    }
  })

describe("ensureTargets", () => {
  it.effect("creates what is missing as the source was, with configs on top", () =>
    Effect.gen(function*() {
      lines.length = 0
      const ensured = yield* ensure({
        topicConfigs: { "retention.ms": "-1", "message.timestamp.after.max.ms": "7" }
      })
      assert.deepStrictEqual(ensured, { created: ["restored.orders"], toSwitch: [] })
      assert.deepStrictEqual(yield* found("restored.orders"), {
        partitions: 4,
        overrides: {
          "cleanup.policy": "compact",
          ...limits,
          "retention.ms": "-1",
          "message.timestamp.after.max.ms": "7"
        }
      })
      assert.include(
        lines,
        "orders had replication factor 3: restored.orders gets 2, there are no more brokers"
      )
      assert.deepStrictEqual(yield* ensure(), { created: [], toSwitch: [] })
    }).pipe(Effect.provide(world)))

  it.effect("says what it assumes of a topic without a definition", () =>
    Effect.gen(function*() {
      lines.length = 0
      yield* ensure({ definitions: new Map() })
      assert.deepStrictEqual(yield* found("restored.orders"), { partitions: 2, overrides: limits })
      assert.include(
        lines,
        "the archive has no definition of orders: restored.orders gets 2 partitions and the brokers' defaults"
      )
    }).pipe(Effect.provide(world)))

  it("never makes fewer partitions than are restored, nor more replicas than brokers", () => {
    const target = { source: "orders", target: "orders", leastPartitions: 9 }
    const { topic } = planTopic(target, definition(), {}, 2)
    assert.deepInclude(topic, { partitions: 9, replicationFactor: 2 })
    assert.strictEqual(planTopic(target, undefined, {}, 2).topic.replicationFactor, -1)
  })

  it("does not carry over what only the old brokers understand", () => {
    const target = { source: "orders", target: "orders", leastPartitions: 1 }
    const configs = { "message.format.version": "2.8", "message.timestamp.difference.max.ms": "5" }
    assert.deepStrictEqual(planTopic(target, definition({ configs }), {}, 3).topic.configs, limits)
  })

  it.live("takes it well when another member was faster, or an answer was lost", () =>
    Effect.gen(function*() {
      const faults = yield* KafkaFaults
      faults.loseAnswer("createTopics", "REQUEST_TIMED_OUT")
      yield* ensure()
      assert.strictEqual((yield* found("restored.orders"))?.partitions, 4)
    }).pipe(Effect.provide(world)))

  it.effect("creates without limits of timestamps where the broker does not know them", () =>
    Effect.gen(function*() {
      const faults = yield* KafkaFaults
      faults.fail("createTopics", "INVALID_CONFIG")
      yield* ensure()
      assert.deepStrictEqual(yield* found("restored.orders"), {
        partitions: 4,
        overrides: { "cleanup.policy": "compact" }
      })
    }).pipe(Effect.provide(world)))

  it.effect("refuses a target that is too small before it creates any", () =>
    Effect.gen(function*() {
      const { topics } = yield* Cluster
      topics.create("restored.orders", 1)
      const error = yield* Effect.flip(ensure({
        wanted: [
          { source: "new", target: "new", leastPartitions: 1 },
          { source: "orders", target: "restored.orders", leastPartitions: 2 }
        ]
      }))
      assert.strictEqual(error._tag, "TargetsError")
      assert.include(error.message, "restored.orders has 1 partitions, the restore needs 2")
      assert.isUndefined(topics.find("new"))
    }).pipe(Effect.provide(world)))

  it.effect("leaves an existing topic as it is, and says in what it differs", () =>
    Effect.gen(function*() {
      lines.length = 0
      const { topics } = yield* Cluster
      topics.create("restored.orders", 3, { "retention.ms": "5" })
      yield* ensure({ topicConfigs: { "retention.ms": "6" } })
      assert.deepStrictEqual(yield* found("restored.orders"), {
        partitions: 3,
        overrides: { "retention.ms": "5" }
      })
      const line = lines.find((each) => each.includes("differences"))
      assert.include(
        line,
        "cleanup.policy=default (was compact), retention.ms=5 (was default)"
      )
      assert.include(line, "topic: restored.orders")
    }).pipe(Effect.provide(world)))

  it.effect("restores LogAppendTime as CreateTime, and switches it when told to", () =>
    Effect.gen(function*() {
      const { topics } = yield* Cluster
      const stamped = definition({ configs: { "message.timestamp.type": "LogAppendTime" } })
      const ensured = yield* ensure({}, stamped)
      assert.deepStrictEqual(ensured.toSwitch, ["restored.orders"])
      const configs = () => topics.find("restored.orders")?.configs.get("message.timestamp.type")
      assert.strictEqual(configs(), "CreateTime")
      // It exists now, as after a restore that was stopped and started again.
      assert.deepStrictEqual(yield* ensure({}, stamped), {
        created: [],
        toSwitch: ["restored.orders"]
      })
      yield* switchTimestamps(ensured.toSwitch)
      assert.strictEqual(configs(), "LogAppendTime")
      assert.deepStrictEqual((yield* ensure({}, stamped)).toSwitch, [])
    }).pipe(Effect.provide(world)))
})
