import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope, TestClock } from "effect"
import type { KafkaError } from "../../services/Kafka.ts"
import type { SessionAnswer } from "../../services/kafka/FetchSessions.ts"
import { openFetchSession } from "../../services/kafka/FetchSessions.ts"
import type { FetchRequestBody } from "../../src/codec/kafka/Fetch.ts"
import { batchOf } from "../support/contract/Fixtures.ts"
import { failed } from "../support/kafka/MemoryFaults.ts"
import { askBroker } from "../support/kafka/MemoryFetch.ts"
import * as KafkaMemory from "../support/KafkaMemory.ts"

const source = { topic: "t", partition: 0 }
const wanted = [0, 1, 2].map((partition) => (
  { topic: "t", partition, fetchOffset: 0n, leaderEpoch: -1 }
))
const settings = {
  broker: 1,
  partitionBytes: 1000,
  maxWaitMs: 0,
  minBytes: 1,
  maxBytes: 1000,
  isolation: "read_committed"
} as const

/** A session with a broker whose every request is noted, and whose answers can be lost. */
const noted = Effect.gen(function*() {
  const cluster = yield* KafkaMemory.Cluster
  cluster.topics.create("t", 3)
  const scope = yield* Scope.make()
  const requests: Array<FetchRequestBody> = []
  const losses: Array<"lose the answer" | "lose the request"> = []
  const broker = askBroker(cluster, 1)
  const lost = Effect.fail(failed("fetch", "broker 1", "CONNECTION_FAILED"))
  const ask = (request: FetchRequestBody): Effect.Effect<SessionAnswer, KafkaError> => {
    requests.push(request)
    const loss = losses.shift()
    if (loss === "lose the request") return lost
    return loss === undefined ? broker(request) : Effect.zipRight(broker(request), lost)
  }
  const session = yield* Scope.extend(openFetchSession(settings, ask), scope)
  const epochs = () => requests.splice(0).map((each) => each.session?.epoch)
  return { cluster, scope, requests, losses, session, epochs }
}).pipe(Effect.tap(({ session }) => session.fetch(wanted)))

describe("a fetch session", () => {
  it.effect("begins again, unnoticed, when the broker has given it up", () =>
    Effect.gen(function*() {
      const { cluster, epochs, requests, session } = yield* noted
      yield* session.fetch(wanted)
      assert.deepStrictEqual(epochs(), [0, 1])
      cluster.sessions.endAll()
      cluster.append(source, batchOf(["a"]))
      const { partitions } = yield* session.fetch(wanted)
      assert.deepStrictEqual(requests.map((each) => each.partitions.length), [0, 3])
      assert.deepStrictEqual(epochs(), [2, 0])
      assert.strictEqual(partitions.length, 3)
      assert.isAbove(partitions[0]?.records.length ?? 0, 0)
      yield* session.fetch(wanted)
      assert.deepStrictEqual(epochs(), [1])
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.effect("begins again after a lost request or a lost answer, and leaves none behind", () =>
    Effect.gen(function*() {
      const { cluster, epochs, losses, session } = yield* noted
      cluster.append(source, batchOf(["a"]))
      for (const loss of ["lose the answer", "lose the request"] as const) {
        losses.push(loss)
        const { reason } = yield* Effect.flip(session.fetch(wanted))
        assert.strictEqual(reason, "CONNECTION_FAILED")
        const [told] = (yield* session.fetch(wanted)).partitions
        assert.isAbove(told?.records.length ?? 0, 0)
      }
      assert.deepStrictEqual(epochs(), [0, 1, 0, 1, 0])
      assert.deepStrictEqual(cluster.sessions.all.map(({ size }) => size), [3])
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.effect("is done without by a broker that keeps no more of them", () =>
    Effect.gen(function*() {
      const { cluster, epochs, session } = yield* noted
      cluster.sessions.endAll()
      cluster.sessions.slots = 0
      for (let times = 0; times < 3; times++) {
        assert.strictEqual((yield* session.fetch(wanted)).partitions.length, 3)
      }
      assert.deepStrictEqual(epochs(), [0, 1, 0, 0, 0])
      cluster.sessions.slots = 1
      for (let times = 0; times < 2; times++) yield* session.fetch(wanted)
      assert.deepStrictEqual(epochs(), [0, 1])
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.effect("fails when a broker denies the session that it is asked to begin", () =>
    Effect.gen(function*() {
      const denied = Effect.succeed<SessionAnswer>({
        error: "INVALID_FETCH_SESSION_EPOCH",
        sessionId: 0,
        partitions: [],
        throttleMs: 0,
        free: () => {}
      })
      let asked = 0
      const session = yield* openFetchSession(settings, () => {
        asked++
        return denied
      })
      const error = yield* Effect.flip(session.fetch(wanted))
      assert.deepStrictEqual([error.reason, asked], ["INVALID_FETCH_SESSION_EPOCH", 2])
    }).pipe(Effect.scoped))

  it.effect("is ended with its scope, which waits for no answer", () =>
    Effect.gen(function*() {
      const { cluster, epochs, scope } = yield* noted
      assert.strictEqual(cluster.sessions.all.length, 1)
      yield* Scope.close(scope, Exit.void)
      const hanging = yield* Effect.scoped(openFetchSession(settings, () => Effect.never)).pipe(
        Effect.fork
      )
      yield* Fiber.join(hanging)
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual([epochs(), cluster.sessions.all.length], [[0, -1], 0])
    }).pipe(Effect.provide(KafkaMemory.layer)))
})
