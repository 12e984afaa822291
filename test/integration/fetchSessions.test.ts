/** A backup's fetch sessions with a real broker, which is restarted under them. */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Layer, Logger, Stream } from "effect"
import { Stack, StackAddresses, StackLayer } from "../../dev/stack/Stack.ts"
import type { FetchSession } from "../../services/FetchSession.ts"
import { FlushRequests } from "../../services/FlushRequests.ts"
import { ForeignSchemaLayer } from "../../services/ForeignSchemaLayer.ts"
import { Kafka } from "../../services/Kafka.ts"
import { KafkaConnections } from "../../services/KafkaConnections.ts"
import { KafkaConnectionsLayer } from "../../services/KafkaConnectionsLayer.ts"
import { KafkaOverConnections } from "../../services/KafkaLayer.ts"
import { encodeRequest } from "../../src/codec/kafka/Api.ts"
import { fetch } from "../../src/codec/kafka/Fetch.ts"
import { backupTopics } from "../../streams/BackupTopics.ts"
import { backupOptions } from "../support/BackupHarness.ts"
import { archivedOffsets, range } from "../support/BackupPrograms.ts"
import { batchOf, createTopic, produce, until } from "../support/contract/Fixtures.ts"
import * as DiskBufferMemory from "../support/DiskBufferMemory.ts"
import * as FlushRequestsMemory from "../support/FlushRequestsMemory.ts"
import * as ObjectStoreMemory from "../support/ObjectStoreMemory.ts"
import { settingsFor } from "../support/RealKafka.ts"

interface Seen {
  /** Of each fetch request, the broker's frame around it included. */
  readonly requestBytes: Array<number>
  /** The partitions of each answer. */
  readonly answers: Array<ReadonlyArray<number>>
}

const seen: Seen = { requestBytes: [], answers: [] }

/** Weighs the requests. */
const weighed = Layer.effect(
  KafkaConnections,
  Effect.map(KafkaConnections, (connections) =>
    KafkaConnections.of({
      ...connections,
      call: (to, api, request) => {
        if (api.key === fetch.key) {
          const frame = encodeRequest(api, "test", request)
          seen.requestBytes.push(frame.reduce((sum, { length }) => sum + length, 0))
        }
        return connections.call(to, api, request)
      }
    }))
)

/** Reads the answers. */
const watched = Layer.effect(
  Kafka,
  Effect.map(Kafka, (kafka) =>
    Kafka.of({
      ...kafka,
      fetchSession: (settings) =>
        Effect.map(kafka.fetchSession(settings), (session): FetchSession => ({
          ...session,
          fetch: (wanted) =>
            Effect.tap(session.fetch(wanted), ({ partitions }) =>
              Effect.sync(() =>
                seen.answers.push(partitions.map(({ partition }) => partition))
              ))
        }))
    }))
)

const KafkaSeen = Layer.unwrapEffect(Effect.map(StackAddresses, ({ brokers }) =>
  watched.pipe(
    Layer.provide(KafkaOverConnections),
    Layer.provide(weighed),
    Layer.provide(KafkaConnectionsLayer(settingsFor(brokers)))
  )))

const Live = Layer.mergeAll(
  KafkaSeen,
  ObjectStoreMemory.layer,
  DiskBufferMemory.layer,
  FlushRequestsMemory.layer,
  ForeignSchemaLayer,
  Logger.remove(Logger.defaultLogger)
).pipe(Layer.provideMerge(StackLayer()))

const count = 40

layer(Live, { excludeTestServices: true, timeout: "5 minutes" })("fetch sessions", (it) => {
  it.effect(
    "leave quiet partitions out, survive the broker, take in new partitions, and lose nothing",
    () =>
      Effect.gen(function*() {
        const [kafka, stack] = [yield* Kafka, yield* Stack]
        const topic = yield* createTopic(count)
        const fill = (partitions: ReadonlyArray<number>) =>
          Effect.forEach(
            partitions,
            (partition) => produce({ topic, partition }, batchOf(["record"])),
            { concurrency: 10, discard: true }
          )
        const options = backupOptions({
          include: (name) => name === topic,
          groupId: topic,
          once: false,
          topicRefreshMs: 500
        })
        yield* fill(range(0, count))
        const running = yield* Effect.fork(Stream.runDrain(backupTopics(options)))

        /** Partitions told of since the last look, each once. */
        const answered = Effect.sync(() => [...new Set(seen.answers.flat())])
        const quiet = until(
          Effect.sync(() => seen.answers.slice(-3)),
          (last) => last.length === 3 && last.every(({ length }) => length === 0)
        )
        const lookAnew = Effect.sync(() => (seen.answers.length = 0))

        yield* quiet
        assert.strictEqual((yield* answered).length, count)
        const full = Math.max(...seen.requestBytes)
        const idle = seen.requestBytes.at(-1) ?? full
        assert.isBelow(idle, 100)
        assert.isAbove(full, 20 * count)

        yield* lookAnew
        yield* fill([7])
        yield* until(answered, (told) => told.length > 0)
        yield* quiet
        assert.deepStrictEqual(yield* answered, [7])

        yield* stack.restartKafka
        yield* fill(range(0, count))
        yield* kafka.createPartitions(topic, count + 2)
        yield* fill(range(count, count + 2))
        yield* until(answered, (told) => told.includes(count) && told.includes(count + 1))
        yield* quiet

        yield* lookAnew
        yield* fill(range(0, count + 2))
        yield* until(answered, (told) => told.length === count + 2)
        yield* quiet
        yield* (yield* FlushRequests).request
        for (const partition of range(0, count + 2)) {
          const records = (partition < count ? 3 : 2) + (partition === 7 ? 1 : 0)
          const folder = `backup/${topic}/${partition}/`
          assert.deepStrictEqual(yield* archivedOffsets(folder), range(0, records), folder)
        }
        yield* Fiber.interrupt(running)
      }),
    120_000
  )
})
