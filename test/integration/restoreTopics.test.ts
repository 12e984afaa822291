/** Plan and restore against Kafka itself, with an independent consumer as witness. */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Layer, Logger, LogLevel, Stream } from "effect"
import { StackAddresses } from "../../dev/stack/Stack.ts"
import type { TrueRecord } from "../../dev/truth/Truth.ts"
import { Truth } from "../../dev/truth/Truth.ts"
import { TruthLayer } from "../../dev/truth/TruthLayer.ts"
import { ForeignSchemaLayer } from "../../services/ForeignSchemaLayer.ts"
import { KafkaLayer } from "../../services/KafkaLayer.ts"
import { restoreTopics } from "../../streams/RestoreTopics.ts"
import { fixtureBytes, fixtureForm, fixtureKeys, fixtureRecords } from "../support/Fixtures.ts"
import * as ObjectStoreMemory from "../support/ObjectStoreMemory.ts"
import { RealKafka, settingsFor } from "../support/RealKafka.ts"
import { plan, putObject, putRange, restore, restoreOptions } from "../support/RestoreHarness.ts"
import { SharedStack, unique } from "../support/SharedStack.ts"

const Real = Layer.mergeAll(ObjectStoreMemory.layer, ForeignSchemaLayer).pipe(
  Layer.provideMerge(Layer.provideMerge(Layer.merge(RealKafka, TruthLayer), SharedStack)),
  Layer.provideMerge(Logger.minimumLogLevel(LogLevel.Error))
)

const hex = (bytes: TrueRecord["key"]): Buffer | null =>
  typeof bytes === "string" ? Buffer.from(bytes, "hex") : null

const sourceOffset = ({ headers }: TrueRecord): string => {
  const [name, value] = headers[0] ?? []
  return name === "restore.source-offset" ? String(hex(value ?? null)) : "none"
}

layer(Real, { excludeTestServices: true, timeout: "5 minutes" })("restore on Kafka", (it) => {
  it.effect(
    "brings back an archive of the original, as a Java consumer sees it",
    () =>
      Effect.gen(function*() {
        const truth = yield* Truth
        const [planTopic, topicPrefix] = [unique("plan"), `${unique("restored")}.`]
        const prefix = unique("fixtures")
        const topic = `${topicPrefix}orders.v1`
        for (const key of fixtureKeys) yield* putObject(`${prefix}/${key}`, fixtureBytes(key))
        const configs = { "max.message.bytes": "10000000" }
        yield* truth.createTopics([{ topic, partitions: 3, configs }])
        yield* plan({ planTopic, prefix, planTopicPartitions: 2 })
        const groupId = unique("group")
        yield* restore({ planTopic, topicPrefix, groupId, compression: "zstd" })
        const twice = yield* restore({ planTopic, topicPrefix, groupId: unique("group") })
        assert.isTrue(twice.every(({ skipped }) => skipped))
        const found = yield* truth.consume([topic])
        for (const partition of [0, 1, 2]) {
          const mine = found.filter((record) => record.partition === partition)
          const expected = fixtureKeys
            .filter((key) => key.startsWith(`orders.v1/${partition}/`))
            .flatMap((key) => fixtureRecords(key))
          assert.deepStrictEqual(mine.map(sourceOffset), expected.map(({ offset }) => offset))
          const small = mine.filter(({ value }) => value === null || typeof value === "string")
          const forms = small.map((record) =>
            fixtureForm({
              partition,
              offset: BigInt(sourceOffset(record)),
              timestamp: BigInt(record.timestamp),
              key: hex(record.key),
              value: hex(record.value),
              headers: record.headers.slice(1).map((
                [name, value]
              ) => [Buffer.from(name), hex(value)])
            })
          )
          const offsets = new Set(forms.map(({ offset }) => offset))
          assert.deepStrictEqual(forms, expected.filter(({ offset }) => offsets.has(offset)))
        }
      }),
    120_000
  )

  it.effect(
    "loses and doubles nothing while members come, go and are cut off",
    () =>
      Effect.gen(function*() {
        const truth = yield* Truth
        const { brokers } = yield* StackAddresses
        const [planTopic, topicPrefix] = [unique("plan"), `${unique("restored")}.`]
        const source = unique("busy")
        const topic = `${topicPrefix}${source}`
        const partitions = 12
        const filesEach = 20
        for (let partition = 0; partition < partitions; partition++) {
          for (let at = 0; at < filesEach; at++) {
            yield* putRange({ topic: source, partition }, at * 25, at * 25 + 24)
          }
        }
        yield* truth.createTopics([{ topic, partitions }])
        const topics = [(name: string) => name === source]
        yield* plan({ planTopic, topics, planTopicPartitions: 5 })
        const options = { planTopic, topicPrefix, groupId: unique("group") }
        const member = (once: boolean) =>
          Stream.runDrain(restoreTopics(restoreOptions({ ...options, once }))).pipe(
            Effect.provide(KafkaLayer(settingsFor(brokers))),
            Effect.fork
          )
        const first = yield* member(false)
        yield* Effect.sleep("300 millis")
        const second = yield* member(false)
        yield* Effect.sleep("400 millis")
        yield* Fiber.interrupt(first)
        const third = yield* member(true)
        yield* Effect.sleep("100 millis")
        yield* Fiber.interrupt(second)
        yield* Fiber.join(third)
        yield* restore(options)
        const found = yield* truth.consume([topic])
        const expected = Array.from({ length: filesEach * 25 }, (_, at) => String(at))
        for (let partition = 0; partition < partitions; partition++) {
          const mine = found.filter((record) => record.partition === partition)
          assert.deepStrictEqual(mine.map(sourceOffset), expected, `partition ${partition}`)
        }
      }),
    120_000
  )
})
