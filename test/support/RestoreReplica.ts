/** A replica of a restore that a test can kill, freeze and slow down. */
import { Effect, Fiber, Layer, Stream } from "effect"
import { Kafka } from "../../services/Kafka.ts"
import { restoreTopics } from "../../streams/RestoreTopics.ts"
import type { Operation } from "./kafka/MemoryFaults.ts"
import { MemoryFaults } from "./kafka/MemoryFaults.ts"
import { Cluster, connect } from "./KafkaMemory.ts"
import { restoreOptions } from "./RestoreHarness.ts"

const operations: ReadonlyArray<Operation> = [
  "metadata",
  "fetch",
  "listOffsets",
  "topicConfigs",
  "produce",
  "initProducerId",
  "fence",
  "joinGroup",
  "syncGroup",
  "heartbeat",
  "leaveGroup",
  "commitOffsets",
  "fetchOffsets"
]

export const makeReplica = Effect.gen(function*() {
  const cluster = yield* Cluster
  const faults = new MemoryFaults()
  const kafka = connect(cluster, faults)
  let lag = 0
  let thawed = yield* Effect.makeLatch(true)
  let running: Fiber.Fiber<void, unknown> | undefined

  // Once sent, a batch arrives, whatever has become of the sender.
  const client = Kafka.of({
    ...kafka,
    produce: (request) =>
      Effect.suspend(() =>
        lag === 0
          ? kafka.produce(request)
          : Effect.flatMap(Effect.forkDaemon(Effect.delay(kafka.produce(request), lag)), Fiber.join)
      )
  })

  const end = Effect.suspend(() => {
    const fiber = running
    running = undefined
    return fiber === undefined ? Effect.void : Effect.asVoid(Fiber.interrupt(fiber))
  })

  const thaw = Effect.suspend(() => thawed.open)

  return {
    faults,
    start: Effect.suspend(() =>
      running !== undefined
        ? Effect.void
        : Stream.runDrain(restoreTopics(restoreOptions({ once: false }))).pipe(
          Effect.provide(Layer.succeed(Kafka, client)),
          Effect.fork,
          Effect.map((fiber) => {
            running = fiber
          })
        )
    ),
    stop: Effect.zipRight(thaw, end),
    crash: Effect.zipRight(
      Effect.sync(() => faults.disconnect()),
      Effect.zipRight(end, Effect.sync(() => faults.reconnect()))
    ),
    /** Nothing that it asks from now on gets out before it thaws; what is sent already does. */
    freeze: Effect.gen(function*() {
      if (running === undefined) return
      yield* thawed.open
      const latch = yield* Effect.makeLatch(false)
      thawed = latch
      for (const operation of operations) faults.before(operation, latch.await)
    }),
    thaw,
    lag: (millis: number) => Effect.sync(() => void (lag = millis))
  }
})

export type Replica = Effect.Effect.Success<typeof makeReplica>
