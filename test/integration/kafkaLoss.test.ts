/** The real layer while brokers stop, hang and come back. */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { Stack, StackLayer } from "../../dev/stack/Stack.ts"
import { Kafka } from "../../services/Kafka.ts"
import { KafkaLayer } from "../../services/KafkaLayer.ts"
import {
  batchOf,
  createTopic,
  leaderOf,
  patiently,
  produce,
  reasonOf
} from "../support/contract/Fixtures.ts"
import { settingsFor, withStack } from "../support/RealKafka.ts"

const position = { offset: 1n, leaderEpoch: -1, metadata: null }

/** The threads of a process stop a moment after the signal. */
const stopped = (pause: Effect.Effect<void>) => Effect.zipLeft(pause, Effect.sleep("200 millis"))

layer(withStack(StackLayer()), { excludeTestServices: true, timeout: "5 minutes" })(
  "KafkaLayer and a broker that comes and goes",
  (it) => {
    it.effect(
      "fails everything in flight when the broker dies, and connects again",
      () =>
        Effect.gen(function*() {
          const [kafka, stack] = [yield* Kafka, yield* Stack]
          const source = { topic: yield* createTopic(), partition: 0 }
          const broker = yield* leaderOf(source)
          yield* produce(source, batchOf(["first"]))
          const groupId = source.topic
          const nobody = { groupId, generation: -1, memberId: "" }
          yield* patiently(kafka.commitOffsets(nobody, [{ ...source, ...position }]))

          yield* stopped(stack.pauseKafka)
          const batches = Array.from({ length: 5 }, () => batchOf(["lost?"]))
          const inFlight = yield* Effect.forEach(
            batches,
            (batch) =>
              Effect.fork(reasonOf(kafka.produce({ ...source, broker, batch, timeoutMs: 10_000 })))
          )
          yield* Effect.sleep("200 millis")
          for (const node of stack.nodes) {
            const pid = yield* node.pid // killing as the stack does would wake it up first
            if (pid !== undefined) process.kill(pid, "SIGKILL")
          }
          yield* stack.killKafka
          const reasons = yield* Fiber.join(Fiber.all(inFlight))
          assert.deepStrictEqual(reasons, batches.map(() => "CONNECTION_FAILED" as const))
          const down = yield* Effect.flip(kafka.metadata([]))
          assert.strictEqual(down.reason, "CONNECTION_FAILED")
          assert.match(down.message, /127\.0\.0\.1:\d+.*ECONNREFUSED/)
          const started = Date.now()
          assert.strictEqual(yield* reasonOf(kafka.fetchOffsets(groupId, [source])), down.reason)
          assert.isBelow(Date.now() - started, 25_000)

          yield* stack.startKafka
          const [committed] = yield* kafka.fetchOffsets(groupId, [source])
          assert.strictEqual(committed?.offset, 1n)
          const [end] = yield* kafka.listOffsets([source], "latest")
          assert.deepStrictEqual([end?.error, (end?.offset ?? 0n) >= 1n], [undefined, true])
          yield* produce(source, batchOf(["after"]))
        }),
      120_000
    )

    it.effect(
      "gives up on a broker that hangs, and goes on when it wakes up",
      () =>
        Effect.gen(function*() {
          const { addresses, pauseKafka, resumeKafka } = yield* Stack
          const source = { topic: yield* createTopic(), partition: 0 }
          const hasty = KafkaLayer(settingsFor(addresses.brokers, { requestTimeoutMs: 1000 }))
          yield* Effect.gen(function*() {
            const kafka = yield* Kafka
            const broker = yield* leaderOf(source)
            yield* produce(source, batchOf(["first"]))
            yield* stopped(pauseKafka)
            const request = { ...source, broker, batch: batchOf(["late"]), timeoutMs: 500 }
            const started = Date.now()
            const reasons = yield* Effect.all([
              reasonOf(kafka.produce(request)),
              reasonOf(kafka.produce(request))
            ], { concurrency: 2 })
            assert.strictEqual(reasons[0], "REQUEST_TIMED_OUT")
            assert.includeMembers(["REQUEST_TIMED_OUT", "CONNECTION_FAILED"], reasons)
            assert.isBelow(Date.now() - started, 5000)
            yield* resumeKafka
            yield* patiently(kafka.produce(request))
          }).pipe(Effect.ensuring(resumeKafka), Effect.provide(hasty))
        }),
      60_000
    )
  }
)
