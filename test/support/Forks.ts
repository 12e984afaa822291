/** Logs that are cut back and written again, their backup, and what a restore makes of it. */
import { assert } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { ForeignSchemaLayer } from "../../services/ForeignSchemaLayer.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { archived, archiveKeys, objects } from "./BackupHarness.ts"
import { fill, shared } from "./BackupPrograms.ts"
import { Cluster } from "./KafkaMemory.ts"
import { createTarget, logRecords, plan, restore, targetOf } from "./RestoreHarness.ts"

export const orders = { topic: "orders", partition: 0 }

export const world = Layer.merge(shared, ForeignSchemaLayer)

export const logOf = (source: TopicPartition) =>
  Effect.map(Cluster, ({ topics }) => topics.log(source))

/** The log is cut back to `offset` and written again up to `end`, with other records. */
export const cutBack = (offset: number, end: number, tag = "again", source = orders) =>
  Effect.gen(function*() {
    ;(yield* logOf(source)).truncateTo(BigInt(offset))
    yield* fill(source, end, tag)
  })

/** The root of a branch of `orders`. */
export const branch = (epoch: number) =>
  Effect.map(
    Cluster,
    ({ topics }) => `backup.generations/${topics.find("orders")?.topicId ?? ""}.${epoch}`
  )

/** Keys without what they all share: `<root> <first offset>`, in key order. */
export const files = Effect.gen(function*() {
  const { topics } = yield* Cluster
  const id = topics.find("orders")?.topicId ?? ""
  return (yield* archiveKeys).map((key) => {
    const root = key.slice(0, key.indexOf("/orders/")).replace(`backup.generations/${id}`, "")
    return `${root} ${Number(/(\d+)\.avro$/.exec(key)?.[1])}`
  })
})

/** The bytes of everything under the prefix itself. */
export const underPrefix = Effect.map(
  objects,
  (all) =>
    new Map(
      [...all].filter(([key]) => key.startsWith("backup/")).map((
        [key, { bytes }]
      ) => [key, Buffer.from(bytes).toString("hex")])
    )
)

/** The values that the archive holds of the partition below a root, in key order. */
export const valuesBelow = (root: string) =>
  Effect.gen(function*() {
    const keys = (yield* archiveKeys).filter((key) => key.startsWith(`${root}/`))
    const records = yield* Effect.forEach(keys, archived)
    return records.flat().map(({ value }) => value?.toString())
  })

const valuesOf = (source: TopicPartition) =>
  Effect.map(logRecords(source), (records) => records.map(({ value }) => value?.toString()))

let plans = 0

/**
 * A plan of the newest generation, restored, holds what the log of `orders` holds now. `before`:
 * what retention has removed from the start of its first partition.
 */
export const restoresTheLog = (before: ReadonlyArray<string> = []) =>
  Effect.gen(function*() {
    const planTopic = `plan ${++plans}`
    const { topics } = yield* Cluster
    yield* createTarget("orders", topics.find("orders")?.logs.length ?? 1)
    yield* plan({ planTopic, planTopicPartitions: 7 })
    yield* restore({ planTopic, groupId: planTopic })
    const { length } = topics.find("orders")?.logs ?? []
    for (let partition = 0; partition < length; partition++) {
      const source = { topic: "orders", partition }
      const expected = [...partition === 0 ? before : [], ...yield* valuesOf(source)]
      assert.deepStrictEqual(yield* valuesOf(targetOf(source)), expected, `partition ${partition}`)
    }
    for (const topic of [planTopic, "restored.orders"]) topics.remove(topic)
  })
