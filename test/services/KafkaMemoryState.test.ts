import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, TestClock } from "effect"
import { Kafka } from "../../services/Kafka.ts"
import { buildMarker, plainRecord } from "../support/Batches.ts"
import { batchOf, fetchFrom, produce, readValues } from "../support/contract/Fixtures.ts"
import * as KafkaMemory from "../support/KafkaMemory.ts"

const source = { topic: "t", partition: 0 }

const newLog = Effect.map(KafkaMemory.Cluster, (cluster) => {
  cluster.topics.create("t", 1)
  return { cluster, log: cluster.topics.log(source) }
})
const transaction = { producerId: 7n, producerEpoch: 0, transactional: true, baseSequence: 0 }
const values = (from = 0n, isolation: "read_committed" | "read_uncommitted" = "read_committed") =>
  readValues(source, { offset: from, isolation, maxWaitMs: 0 })

describe("the state of Kafka in memory", () => {
  it.effect("hides an open transaction, and tells an aborted one", () =>
    Effect.gen(function*() {
      const { cluster, log } = yield* newLog
      cluster.append(source, batchOf(["a"]))
      cluster.append(source, batchOf(["b", "c"], transaction))
      cluster.append(source, batchOf(["d"]))
      assert.deepStrictEqual([log.lastStable, log.highWatermark], [1n, 4n])
      assert.deepStrictEqual(yield* values(), [[0, "a"]])
      assert.strictEqual((yield* values(0n, "read_uncommitted")).length, 4)
      cluster.append(source, buildMarker("abort", { producerId: 7n }))
      assert.deepStrictEqual(yield* values(), [[0, "a"], [3, "d"]])
      cluster.append(source, batchOf(["e"], transaction))
      cluster.append(source, buildMarker("commit", { producerId: 7n }))
      assert.deepStrictEqual(yield* values(2n), [[3, "d"], [5, "e"]])
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.effect("loses its beginning to retention, and offsets to compaction", () =>
    Effect.gen(function*() {
      const { cluster, log } = yield* newLog
      for (const value of ["a", "b", "c", "d"]) cluster.append(source, batchOf([value]))
      log.deleteBefore(1n)
      log.compact(({ header }) => header.baseOffset !== 2n)
      const [gone] = (yield* fetchFrom([source], { offset: 0n })).partitions
      assert.strictEqual(gone?.error, "OFFSET_OUT_OF_RANGE")
      assert.deepStrictEqual(yield* values(1n), [[1, "b"], [3, "d"]])
      log.deleteBefore(9n)
      cluster.append(source, batchOf(["e"]))
      assert.deepStrictEqual(yield* values(9n), [[9, "e"]])
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.effect("writes again, in a later epoch, what an unclean election has lost", () =>
    Effect.gen(function*() {
      const { cluster, log } = yield* newLog
      for (const value of ["a", "b"]) cluster.append(source, batchOf([value]))
      log.truncateTo(1n)
      const { header } = cluster.append(source, batchOf(["c"]))
      assert.deepStrictEqual([header.baseOffset, header.leaderEpoch], [1n, 1])
      assert.deepStrictEqual(yield* values(), [[0, "a"], [1, "c"]])
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.effect("waits on the test's clock for data", () =>
    Effect.gen(function*() {
      const { cluster } = yield* newLog
      const waiting = yield* Effect.fork(fetchFrom([source], { maxWaitMs: 5000 }))
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual((yield* Fiber.poll(waiting))._tag, "None")
      cluster.append(source, batchOf(["a"]))
      const [fetched] = (yield* Fiber.join(waiting)).partitions
      assert.strictEqual(fetched?.highWatermark, 1n)
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.effect("fails as it is told, once for each reason", () =>
    Effect.gen(function*() {
      yield* newLog
      const faults = yield* KafkaMemory.KafkaFaults
      const kafka = yield* Kafka
      faults.fail("metadata", "REQUEST_TIMED_OUT", "NOT_CONTROLLER")
      const ask = Effect.either(Effect.mapError(kafka.metadata(["t"]), ({ reason }) => reason))
      const answers = yield* Effect.all([ask, ask, ask])
      assert.deepStrictEqual(
        answers.map((answer) => answer._tag === "Left" ? answer.left : "an answer"),
        ["REQUEST_TIMED_OUT", "NOT_CONTROLLER", "an answer"]
      )
      assert.strictEqual(faults.calls("metadata"), 3)
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.effect("carries out what it does not answer", () =>
    Effect.gen(function*() {
      yield* newLog
      const faults = yield* KafkaMemory.KafkaFaults
      const identity = { producerId: 5n, producerEpoch: 0, baseSequence: 0 }
      faults.loseAnswer("produce", "REQUEST_TIMED_OUT")
      const producing = yield* Effect.fork(produce(source, batchOf(["a"], identity)))
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual((yield* Fiber.join(producing)).baseOffset, 0n)
      assert.strictEqual(faults.calls("produce"), 2)
      assert.deepStrictEqual(yield* values(), [[0, "a"]])
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.effect("cuts off what is under way when it disconnects", () =>
    Effect.gen(function*() {
      const { cluster } = yield* newLog
      const faults = yield* KafkaMemory.KafkaFaults
      const kafka = yield* Kafka
      const partitions = [{ ...source, offset: 0n, maxBytes: 1000, leaderEpoch: -1 }]
      const waiting = yield* Effect.fork(kafka.fetch({
        broker: 1,
        partitions,
        maxWaitMs: 60_000,
        minBytes: 1,
        maxBytes: 1000,
        isolation: "read_committed"
      }))
      yield* TestClock.adjust("1 seconds")
      faults.disconnect()
      assert.isTrue(Exit.isFailure(yield* Fiber.await(waiting)))
      assert.strictEqual((yield* Effect.flip(kafka.metadata(["t"]))).reason, "CONNECTION_FAILED")
      faults.reconnect()
      cluster.append(source, batchOf([String(plainRecord().value)]))
      assert.strictEqual((yield* values()).length, 1)
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.effect("drops a member that is silent for its session", () =>
    Effect.gen(function*() {
      const { cluster } = yield* newLog
      const kafka = yield* Kafka
      const group = cluster.group("g")
      const join = yield* kafka.joinGroup({
        groupId: "g",
        memberId: "",
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 10_000,
        protocolType: "consumer",
        protocols: [{ name: "test", metadata: Buffer.alloc(0) }]
      })
      const ref = { groupId: "g", generation: join.generation, memberId: join.memberId }
      yield* kafka.syncGroup(ref, [])
      yield* TestClock.adjust("8 seconds")
      yield* kafka.heartbeat(ref)
      yield* TestClock.adjust("8 seconds")
      assert.strictEqual(group.phase, "Stable")
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(group.phase, "Empty")
      assert.strictEqual((yield* Effect.flip(kafka.heartbeat(ref))).reason, "UNKNOWN_MEMBER_ID")
    }).pipe(Effect.provide(KafkaMemory.layer)))
})
