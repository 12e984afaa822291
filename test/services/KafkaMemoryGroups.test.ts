import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Kafka } from "../../services/Kafka.ts"
import * as KafkaMemory from "../support/KafkaMemory.ts"

const position = { topic: "t", partition: 0, offset: 1n, leaderEpoch: -1, metadata: null }
const nobody = (groupId: string) => ({ groupId, generation: -1, memberId: "" })

const joinAs = (groupId: string, protocolType: string) =>
  Effect.flatMap(Kafka, (kafka) =>
    kafka.joinGroup({
      groupId,
      memberId: "",
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      protocolType,
      protocols: [{ name: "test", metadata: Buffer.alloc(0) }]
    }))

/** Thirty groups with a position, spread over three brokers. */
const manyGroups = Effect.gen(function*() {
  const cluster = yield* KafkaMemory.Cluster
  const kafka = yield* Kafka
  cluster.topics.create("t", 1)
  const ids = Array.from({ length: 30 }, (_, index) => `g${String(index).padStart(2, "0")}`)
  for (const id of ids) yield* kafka.commitOffsets(nobody(id), [position])
  const at = (broker: number) => ids.filter((id) => cluster.coordinatorOf(id) === broker)
  return { cluster, kafka, ids, at }
})

describe("groups of Kafka in memory", () => {
  it.effect("are missing while their coordinator is away, which is told", () =>
    Effect.gen(function*() {
      const { at, cluster, ids, kafka } = yield* manyGroups
      for (const { nodeId } of cluster.brokers) assert.isNotEmpty(at(nodeId))
      cluster.brokersAway.add(2)
      const { groups, unanswered } = yield* kafka.listGroups
      assert.deepStrictEqual(groups.map(({ groupId }) => groupId), [...at(1), ...at(3)].sort())
      assert.deepStrictEqual(
        unanswered.map(({ broker, error }) => [broker, error.retriable]),
        [[2, true]]
      )
      for (const id of ids) {
        const answers = yield* Effect.either(Effect.all([
          kafka.fetchOffsets(id, undefined),
          kafka.commitOffsets(nobody(id), [position])
        ]))
        const expected = at(2).includes(id) ? "COORDINATOR_NOT_AVAILABLE" : "answers"
        assert.strictEqual(answers._tag === "Left" ? answers.left.reason : "answers", expected)
      }
      cluster.brokersAway.clear()
      assert.strictEqual((yield* kafka.listGroups).groups.length, ids.length)
    }).pipe(Effect.provide(KafkaMemory.layerOf(3))))

  it.effect("cannot be listed when every broker is away", () =>
    Effect.gen(function*() {
      const { cluster, kafka } = yield* manyGroups
      for (const { nodeId } of cluster.brokers) cluster.brokersAway.add(nodeId)
      assert.strictEqual((yield* Effect.flip(kafka.listGroups)).reason, "CONNECTION_FAILED")
    }).pipe(Effect.provide(KafkaMemory.layerOf(3))))

  it.effect("have the type of their members, and a share group takes no positions", () =>
    Effect.gen(function*() {
      const { kafka } = yield* manyGroups
      for (const type of ["connect", "share"]) yield* joinAs(`of-${type}`, type)
      const { groups } = yield* kafka.listGroups
      const state = "CompletingRebalance"
      assert.deepStrictEqual(groups.filter(({ protocolType }) => protocolType !== ""), [
        { groupId: "of-connect", protocolType: "connect", state },
        { groupId: "of-share", protocolType: "share", state }
      ])
      const [refused] = yield* kafka.commitOffsets(nobody("of-share"), [position])
      assert.strictEqual(refused?.error, "GROUP_ID_NOT_FOUND")
      assert.deepStrictEqual(yield* kafka.fetchOffsets("of-share", undefined), [])
    }).pipe(Effect.provide(KafkaMemory.layer)))
})
