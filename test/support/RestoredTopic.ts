/** Restored partitions on a real broker: long ones, and what transactions and the cleaner leave. */
import { Data, Effect } from "effect"
import type { NewRecord, ProduceLine, TrueRecord } from "../../dev/truth/Truth.ts"
import { Truth } from "../../dev/truth/Truth.ts"
import { Kafka } from "../../services/Kafka.ts"
import { sealBatch } from "../../src/codec/BatchWriter.ts"
import { compress } from "../../src/codec/Compression.ts"
import { writePlainRecords } from "../../src/codec/PlainRecords.ts"
import { unique } from "./SharedStack.ts"

const header = "restore.source-offset"
const headerName = Buffer.from(header)
const perBatch = 1000

/** A new topic whose record at each offset comes from the source offset at that index. */
export const longRestored = (sources: ReadonlyArray<number>) =>
  Effect.gen(function*() {
    const kafka = yield* Kafka
    const topic = unique("long-restored")
    const shape = { partitions: 1, replicationFactor: 1, configs: {} }
    yield* kafka.createTopics([{ topic, ...shape }])
    const { topics } = yield* kafka.metadata([topic]).pipe(Effect.repeat({
      until: ({ topics }) => (topics[0]?.partitions[0]?.leader ?? -1) >= 0
    }))
    const broker = topics[0]?.partitions[0]?.leader ?? -1
    const batches = Array.from(
      { length: Math.ceil(sources.length / perBatch) },
      (_, at) => sources.slice(at * perBatch, (at + 1) * perBatch)
    )
    yield* Effect.forEach(batches, (batch) =>
      Effect.gen(function*() {
        const records = writePlainRecords(batch.map((source) => ({
          key: null,
          value: Buffer.from(`value ${source * 7919}`),
          headers: [[headerName, Buffer.from(String(source))]]
        })))
        const time = BigInt(Date.now())
        const bytes = sealBatch({
          records,
          compressed: yield* compress("lz4", records),
          compression: "lz4",
          recordCount: batch.length,
          lastOffsetDelta: batch.length - 1,
          baseTimestamp: time,
          maxTimestamp: time,
          producerId: -1n,
          producerEpoch: -1,
          baseSequence: -1
        })
        yield* kafka.produce({ topic, partition: 0, broker, batch: bytes, timeoutMs: 10_000 })
      }), { discard: true })
    return { topic, partition: 0 }
  })

class NotCleaned extends Data.TaggedError("NotCleaned")<{ readonly message: string }> {}

const segmentMs = 200

const hex = (text: string): string => Buffer.from(text).toString("hex")

const carrying = (source: number) => ({ headers: [[header, hex(String(source))]] as const })

/** Transactions of somebody else among restored records with keys that come again. */
const round = (topic: string, at: number, next: () => number): ReadonlyArray<ProduceLine> => {
  const record = (partition: number, key: string) => ({ topic, partition, key: hex(key) })
  const updates = Array.from({ length: 40 }, (_, index): NewRecord => (
    { ...record(0, `key ${index % (6 + at)}`), ...carrying(next()) }
  ))
  const mixed = Array.from({ length: 30 }, (_, index): ReadonlyArray<ProduceLine> => {
    const own = { ...record(1, `own ${at}/${index}`), ...carrying(next()) }
    if (index % 7 !== 0) return [own]
    const tx = unique("tx")
    const foreign = { ...record(1, `foreign ${at}/${index}`), tx }
    return index % 2 === 0
      ? [{ begin: tx }, foreign, own, { commit: tx }]
      : [{ begin: tx }, { ...foreign, ...carrying(5) }, own, { abort: tx }]
  })
  return [...updates, ...mixed.flat()]
}

const duplicates = (records: ReadonlyArray<TrueRecord>): number =>
  records.length - new Set(records.map(({ key, partition }) => `${partition}/${key}`)).size

/**
 * A new topic. Partition 0: the cleaner has left one record of each key. Partition 1: transactions
 * of somebody else, committed, aborted, and one open before the last restored record; the head is
 * deleted.
 */
export const roughRestored = Effect.gen(function*() {
  const truth = yield* Truth
  const topic = unique("rough-restored")
  const configs = {
    "cleanup.policy": "compact",
    "min.cleanable.dirty.ratio": "0.01",
    "segment.ms": String(segmentMs)
  }
  yield* truth.createTopics([{ topic, partitions: 2, configs }])
  let source = 100
  const next = () => source += source % 5 === 0 ? 51 : 1 + source % 3
  for (const at of [0, 1, 2, 3]) {
    yield* truth.produce(round(topic, at, next))
    yield* Effect.sleep(segmentMs + 50)
  }
  const last = [0, 1].map((partition) => (
    { topic, partition, key: hex("last"), ...carrying(next()) }
  ))
  yield* truth.produce(last)
  yield* Effect.sleep("500 millis").pipe(
    Effect.zipRight(truth.consume([topic])),
    Effect.repeat({ until: (records) => duplicates(records) === 0 }),
    Effect.timeoutFail({
      duration: "60 seconds",
      onTimeout: () => new NotCleaned({ message: "the cleaner has not come by" })
    })
  )
  yield* truth.alterTopic(topic, { "cleanup.policy": "delete" })
  yield* truth.deleteRecords(topic, 1, 20)
  const tx = unique("tx")
  yield* truth.produce([
    { begin: tx },
    { topic, partition: 1, key: hex("open"), tx },
    { topic, partition: 1, key: hex("hidden"), ...carrying(next()) }
  ])
  return topic
})
