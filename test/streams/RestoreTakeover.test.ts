import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Stream } from "effect"
import { Kafka } from "../../services/Kafka.ts"
import { restoreTopics } from "../../streams/RestoreTopics.ts"
import { MemoryFaults } from "../support/kafka/MemoryFaults.ts"
import { Cluster, connect } from "../support/KafkaMemory.ts"
import {
  createTarget,
  plan,
  putRange,
  restore,
  restoredOffsets,
  restoreOptions,
  world
} from "../support/RestoreHarness.ts"

const partitions = [0, 1, 2, 3, 4, 5].map((partition) => ({ topic: "orders", partition }))
const filesEach = 8

const planned = Effect.gen(function*() {
  for (const source of partitions) {
    for (let at = 0; at < filesEach; at++) yield* putRange(source, at * 20, at * 20 + 19)
  }
  yield* createTarget("orders", partitions.length)
  yield* plan({ planTopicPartitions: 4 })
})

const everything = Effect.gen(function*() {
  const last = filesEach * 20 - 1
  for (const source of partitions) {
    assert.strictEqual(yield* restoredOffsets(source), `0-${last}`, `partition ${source.partition}`)
  }
})

/** A client whose batches arrive late, also after the program that sent them has stopped. */
const lateClient = Effect.map(Cluster, (cluster) => {
  const kafka = connect(cluster, new MemoryFaults())
  return Kafka.of({
    ...kafka,
    produce: (request) =>
      Effect.flatMap(
        Effect.forkDaemon(Effect.delay(kafka.produce(request), "400 millis")),
        Fiber.join
      )
  })
})

const run = (once: boolean) => Stream.runDrain(restoreTopics(restoreOptions({ once })))

const as = (client: Kafka["Type"]) => Effect.provide(Layer.succeed(Kafka, client))

describe("restoreTopics, several members", () => {
  it.live("fences off what a former owner still has in flight", () =>
    Effect.gen(function*() {
      yield* planned
      const late = yield* lateClient
      for (const pause of ["700 millis", "900 millis", "1100 millis"]) {
        const member = yield* Effect.fork(as(late)(run(false)))
        yield* Effect.sleep(pause as "700 millis")
        yield* Fiber.interrupt(member)
      }
      yield* restore()
      yield* Effect.sleep("500 millis")
      yield* everything
    }).pipe(Effect.provide(world)))

  it.live("shares the plan with members that come and go", () =>
    Effect.gen(function*() {
      yield* planned
      const cluster = yield* Cluster
      const member = () => {
        const faults = new MemoryFaults()
        faults.delay("produce", 700)
        return Effect.fork(as(connect(cluster, faults))(run(true)))
      }
      const first = yield* member()
      yield* Effect.sleep("600 millis")
      const second = yield* member()
      yield* Effect.sleep("400 millis")
      const third = yield* member()
      yield* Effect.sleep("400 millis")
      yield* Fiber.interrupt(first)
      yield* Fiber.join(second)
      yield* Fiber.join(third)
      yield* everything
    }).pipe(Effect.provide(world)))

  it.live("stops within seconds and has committed what it finished", () =>
    Effect.gen(function*() {
      yield* planned
      const client = yield* lateClient
      const member = yield* Effect.fork(as(client)(run(false)))
      yield* Effect.sleep("3 seconds")
      const began = Date.now()
      yield* Fiber.interrupt(member)
      assert.isBelow(Date.now() - began, 2500)
      const offsets = (yield* Cluster).group("restore").offsets.all
      assert.isAbove(offsets.reduce((sum, { offset }) => sum + Number(offset), 0), 0)
      yield* restore()
      yield* everything
    }).pipe(Effect.provide(world)))
})
