import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Metric, Stream } from "effect"
import { Kafka, KafkaError } from "../../services/Kafka.ts"
import { kafkaThrottleSeconds } from "../../services/Metrics.ts"
import { restoreTopics } from "../../streams/RestoreTopics.ts"
import { buildBatch, buildMarker, plainRecord } from "../support/Batches.ts"
import { Cluster, KafkaFaults } from "../support/KafkaMemory.ts"
import {
  createTarget,
  plan,
  putRange,
  restore,
  restoredOffsets,
  restoreOptions,
  targetOf,
  world
} from "../support/RestoreHarness.ts"

const orders = { topic: "orders", partition: 0 }

const planned = (files: number) =>
  Effect.gen(function*() {
    for (let at = 0; at < files; at++) yield* putRange(orders, at * 30, at * 30 + 29)
    yield* createTarget("orders", 1)
    yield* plan()
  })

const log = Effect.map(Cluster, ({ topics }) => topics.log(targetOf(orders)))

const kafkaError = (reason: KafkaError["reason"]) =>
  new KafkaError({ operation: "test", subject: "", reason, cause: "" })

describe("restoreTopics, producing", () => {
  it.live("sends again what may have been lost, and doubles nothing", () =>
    Effect.gen(function*() {
      yield* planned(10)
      const faults = yield* KafkaFaults
      faults.loseAnswer("produce", "REQUEST_TIMED_OUT", "CONNECTION_FAILED")
      faults.fail("produce", "NOT_LEADER_OR_FOLLOWER", "NOT_ENOUGH_REPLICAS", "CONNECTION_FAILED")
      yield* restore()
      assert.strictEqual(yield* restoredOffsets(orders), "0-299")
    }).pipe(Effect.provide(world)))

  it.live("follows a leader that moves while batches are in flight", () =>
    Effect.gen(function*() {
      yield* planned(10)
      const faults = yield* KafkaFaults
      const target = yield* log
      let calls = 0
      faults.before(
        "produce",
        Effect.suspend(() => {
          if (++calls === 3) target.error = "NOT_LEADER_OR_FOLLOWER"
          if (calls === 9) target.error = undefined
          return Effect.sleep(5)
        })
      )
      yield* restore()
      assert.strictEqual(yield* restoredOffsets(orders), "0-299")
    }).pipe(Effect.provide(world)))

  it.live("takes over anew when the broker has forgotten the producer", () =>
    Effect.gen(function*() {
      yield* planned(10)
      const faults = yield* KafkaFaults
      let calls = 0
      faults.before(
        "produce",
        Effect.suspend(() => {
          calls++
          return calls >= 4 && calls <= 6
            ? kafkaError("OUT_OF_ORDER_SEQUENCE_NUMBER")
            : Effect.void
        })
      )
      yield* restore()
      assert.strictEqual(yield* restoredOffsets(orders), "0-299")
      assert.isAbove(faults.calls("fence"), 1)
    }).pipe(Effect.provide(world)))

  it.live("finds the last record behind markers, aborted records and compaction holes", () =>
    Effect.gen(function*() {
      yield* planned(1)
      yield* restore()
      const target = yield* log
      const fields = { producerId: 77n, producerEpoch: 0, baseSequence: 0 }
      for (let at = 0; at < 5; at++) {
        target.append(buildBatch([plainRecord()], { ...fields, transactional: true }))
        target.append(buildMarker("abort", fields))
      }
      target.append(buildMarker("commit", fields))
      target.load(buildMarker("commit", { ...fields, baseOffset: 1_000_000n }))
      yield* putRange(orders, 30, 59)
      yield* plan()
      yield* restore({ groupId: "another" })
      assert.strictEqual(yield* restoredOffsets(orders), "0-59")
    }).pipe(Effect.provide(world)))

  it.live("stops when somebody else writes to the target", () =>
    Effect.gen(function*() {
      yield* planned(5)
      const faults = yield* KafkaFaults
      const target = yield* log
      let calls = 0
      faults.before(
        "produce",
        Effect.sync(() => {
          if (++calls === 3) target.append(buildBatch([plainRecord()]))
        })
      )
      const error = yield* Effect.flip(restore())
      assert.match(error.message, /somebody else writes to the target/)
    }).pipe(Effect.provide(world)))

  it.live("names what the broker refuses for good", () =>
    Effect.gen(function*() {
      yield* planned(2)
      const faults = yield* KafkaFaults
      faults.fail("produce", "INVALID_TIMESTAMP")
      const error = yield* Effect.flip(restore())
      assert.match(error.message, /source offsets 0 to 29 were refused: .*INVALID_TIMESTAMP/)
      yield* restore()
      assert.strictEqual(yield* restoredOffsets(orders), "0-59")
    }).pipe(Effect.provide(world)))

  it.live("goes on without the right to a transactional id, checking who owns the plan", () =>
    Effect.gen(function*() {
      yield* planned(3)
      const faults = yield* KafkaFaults
      faults.before("fence", kafkaError("TRANSACTIONAL_ID_AUTHORIZATION_FAILED"))
      yield* restore()
      assert.strictEqual(yield* restoredOffsets(orders), "0-89")
      assert.isAbove(faults.calls("initProducerId"), 1)
    }).pipe(Effect.provide(world)))

  it.live("keeps the order where a leader that knows no producer refuses the first batch alone", () =>
    Effect.gen(function*() {
      yield* planned(10)
      const faults = yield* KafkaFaults
      // Without a takeover there is no marker, and a broker takes any first sequence.
      faults.before("fence", kafkaError("TRANSACTIONAL_ID_AUTHORIZATION_FAILED"))
      let calls = 0
      faults.before(
        "produce",
        Effect.suspend(() =>
          ++calls === 1
            ? Effect.zipRight(Effect.sleep(50), kafkaError("NOT_LEADER_OR_FOLLOWER"))
            : Effect.void
        )
      )
      yield* restore()
      assert.strictEqual(yield* restoredOffsets(orders), "0-299")
    }).pipe(Effect.provide(world)))

  it.live("counts for how long brokers throttled it", () =>
    Effect.gen(function*() {
      yield* planned(2)
      const seconds = Effect.map(
        Metric.value(kafkaThrottleSeconds("produce")),
        ({ count }) => count
      )
      const before = yield* seconds
      const kafka = yield* Kafka
      const throttled = Kafka.of({
        ...kafka,
        produce: (request) =>
          Effect.map(kafka.produce(request), (ack) => ({ ...ack, throttleMs: 1500 }))
      })
      yield* Effect.provideService(restore(), Kafka, throttled)
      assert.strictEqual((yield* seconds) - before, 3)
    }).pipe(Effect.provide(world)))

  it.live("waits as long as brokers throttle what it reads, and counts that", () =>
    Effect.gen(function*() {
      yield* planned(2)
      const seconds = Effect.map(Metric.value(kafkaThrottleSeconds("fetch")), ({ count }) => count)
      const before = yield* seconds
      const kafka = yield* Kafka
      let asked = 0
      const throttled = Kafka.of({
        ...kafka,
        fetch: (request) =>
          ++asked % 3 === 0
            ? kafka.fetch(request)
            : Effect.succeed({ throttleMs: 20, partitions: [], free: () => {} })
      })
      yield* Effect.provideService(restore(), Kafka, throttled)
      assert.strictEqual(yield* restoredOffsets(orders), "0-59")
      assert.closeTo((yield* seconds) - before, (asked - Math.floor(asked / 3)) * 0.02, 1e-6)
    }).pipe(Effect.provide(world)))

  it.live("takes over targets that the plan names only later, among batches in flight", () =>
    Effect.gen(function*() {
      yield* planned(20)
      const faults = yield* KafkaFaults
      faults.delay("produce", 100)
      const restoring = yield* Stream.runDrain(restoreTopics(restoreOptions({ once: false }))).pipe(
        Effect.fork
      )
      yield* Effect.sleep(1000)
      const late = { topic: "orders", partition: 1 }
      const { topics } = yield* Cluster
      topics.grow("restored.orders", 2)
      yield* putRange(late, 0, 9)
      yield* putRange(orders, 600, 609)
      yield* plan()
      yield* Effect.sleep(3500)
      yield* Fiber.interrupt(restoring)
      assert.strictEqual(yield* restoredOffsets(late), "0-9")
      assert.strictEqual(yield* restoredOffsets(orders), "0-609")
      assert.strictEqual(faults.calls("fence"), 2)
    }).pipe(Effect.provide(world)))
})
