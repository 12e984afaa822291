/** What every Kafka layer must do with the log of a partition: produce, fetch, offsets. */
import type { Vitest } from "@effect/vitest"
import { assert } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { Kafka } from "../../../services/Kafka.ts"
import { readBatchHeader } from "../../../src/codec/RecordBatch.ts"
import type { SecondClient } from "./Fixtures.ts"
import {
  batchOf,
  createTopic,
  fetchFrom,
  leaderOf,
  produce,
  readValues,
  reasonOf,
  unique
} from "./Fixtures.ts"

const newPartition = (configs: Readonly<Record<string, string>> = {}) =>
  Effect.map(createTopic(1, configs), (topic) => ({ topic, partition: 0 }))

/** What a broker may change in a batch: base offset and leader epoch. */
const fromMagicOn = (bytes: Buffer) => bytes.subarray(16)

export const logContract = (it: Vitest.MethodsNonLive<Kafka | SecondClient, true>): void => {
  it.effect("gives back what was produced, byte for byte behind the epoch", () =>
    Effect.gen(function*() {
      const source = yield* newPartition()
      const batches = [batchOf(["a", "b", "c"]), batchOf(["d"])]
      const acks = yield* Effect.forEach(batches, (batch) => produce(source, batch))
      assert.deepStrictEqual(acks.map(({ baseOffset }) => baseOffset), [0n, 3n])
      assert.strictEqual(acks[0]?.logAppendTimeMs, -1n)
      const [fetched] = (yield* fetchFrom([source])).partitions
      const records = fetched?.records ?? Buffer.alloc(0)
      const first = readBatchHeader(records, 0, source)
      assert.strictEqual(first?.baseOffset, 0n)
      const middle = batches[0]?.length ?? 0
      assert.deepStrictEqual(
        [records.subarray(0, middle), records.subarray(middle)].map(fromMagicOn),
        batches.map(fromMagicOn)
      )
      assert.strictEqual(fetched?.highWatermark, 4n)
      assert.strictEqual(fetched?.lastStableOffset, 4n)
      assert.strictEqual(fetched?.logStartOffset, 0n)
    }))

  it.effect("begins with the batch that holds the offset, whole however small the limit", () =>
    Effect.gen(function*() {
      const source = yield* newPartition()
      yield* produce(source, batchOf(["a", "b", "c"]))
      yield* produce(source, batchOf(["d"]))
      const values = yield* readValues(source, { offset: 1n, maxBytes: 1 })
      assert.deepStrictEqual(values, [[0, "a"], [1, "b"], [2, "c"]])
      assert.deepStrictEqual(yield* readValues(source, { offset: 3n }), [[3, "d"]])
    }))

  it.effect("waits for data no longer than asked", () =>
    Effect.gen(function*() {
      const source = yield* newPartition()
      yield* produce(source, batchOf(["early"]))
      const atEnd = { offset: 1n, maxWaitMs: 20_000 }
      const waiting = yield* Effect.fork(fetchFrom([source], atEnd))
      yield* Effect.sleep("300 millis")
      yield* produce(source, batchOf(["late"]))
      const [fetched] = (yield* Effect.timeout(Fiber.join(waiting), "10 seconds")).partitions
      assert.isAbove(fetched?.records.length ?? 0, 0)
      const [empty] = (yield* fetchFrom([source], { offset: 2n, maxWaitMs: 200 })).partitions
      assert.strictEqual(empty?.records.length, 0)
      assert.isUndefined(empty?.error)
    }))

  it.effect("tells errors partition by partition", () =>
    Effect.gen(function*() {
      const source = yield* newPartition()
      yield* produce(source, batchOf(["a"]))
      const missing = { topic: source.topic, partition: 7 }
      const { partitions } = yield* fetchFrom([source, missing])
      const told = new Map(partitions.map(({ error, partition }) => [partition, error]))
      assert.deepStrictEqual([...told].sort(), [[0, undefined], [
        7,
        "UNKNOWN_TOPIC_OR_PARTITION"
      ]])
      const [beyond] = (yield* fetchFrom([source], { offset: 99n })).partitions
      assert.strictEqual(beyond?.error, "OFFSET_OUT_OF_RANGE")
    }))

  it.effect("lists first, last and stable offsets", () =>
    Effect.gen(function*() {
      const kafka = yield* Kafka
      const source = yield* newPartition()
      yield* produce(source, batchOf(["a", "b"]))
      const missing = { topic: unique("missing"), partition: 0 }
      for (const [at, offset] of [["earliest", 0n], ["latest", 2n], ["stable", 2n]] as const) {
        const listed = yield* kafka.listOffsets([source, missing], at)
        const found = new Map(listed.map((each) => [each.topic, each]))
        assert.strictEqual(found.get(source.topic)?.offset, offset, at)
        assert.isUndefined(found.get(source.topic)?.error)
        assert.strictEqual(found.get(missing.topic)?.error, "UNKNOWN_TOPIC_OR_PARTITION")
      }
    }))

  it.effect("tells where a leader epoch ends", () =>
    Effect.gen(function*() {
      const kafka = yield* Kafka
      const source = yield* newPartition()
      yield* produce(source, batchOf(["a", "b"]))
      const { topics: [found] } = yield* kafka.metadata([source.topic])
      const leaderEpoch = found?.partitions[0]?.leaderEpoch ?? -1
      const missing = { topic: unique("missing"), partition: 0 }
      const ask = (current: number) =>
        kafka.endOfEpoch(
          [source, missing].map((one) => ({ ...one, leaderEpoch, currentLeaderEpoch: current }))
        )
      for (const current of [-1, leaderEpoch]) {
        const told = new Map((yield* ask(current)).map((each) => [each.topic, each]))
        assert.deepStrictEqual(
          told.get(source.topic),
          { ...source, leaderEpoch, endOffset: 2n, error: undefined }
        )
        assert.strictEqual(told.get(missing.topic)?.error, "UNKNOWN_TOPIC_OR_PARTITION")
      }
      const ahead = yield* ask(leaderEpoch + 1)
      const wrong = ahead.find(({ topic }) => topic === source.topic)
      assert.strictEqual(wrong?.error, "UNKNOWN_LEADER_EPOCH")
      const [later] = yield* kafka.endOfEpoch(
        [{ ...source, leaderEpoch: leaderEpoch + 7, currentLeaderEpoch: -1 }]
      )
      assert.deepStrictEqual([later?.leaderEpoch, later?.endOffset], [-1, -1n])
    }))

  it.effect("refuses a damaged batch, and one that is too large", () =>
    Effect.gen(function*() {
      const kafka = yield* Kafka
      const source = yield* newPartition({ "max.message.bytes": "1000" })
      const broker = yield* leaderOf(source)
      const damaged = batchOf(["abc"])
      damaged.writeUInt8(damaged.readUInt8(70) ^ 1, 70)
      const refused = (batch: Buffer) =>
        reasonOf(kafka.produce({ ...source, broker, batch, timeoutMs: 10_000 }))
      assert.strictEqual(yield* refused(damaged), "CORRUPT_MESSAGE")
      assert.strictEqual(yield* refused(batchOf(["x".repeat(2000)])), "MESSAGE_TOO_LARGE")
      const missing = { topic: unique("missing"), partition: 0 }
      const request = { ...missing, broker, batch: batchOf(["a"]), timeoutMs: 10_000 }
      assert.strictEqual(yield* reasonOf(kafka.produce(request)), "UNKNOWN_TOPIC_OR_PARTITION")
    }))

  it.effect("says when the topic replaces timestamps", () =>
    Effect.gen(function*() {
      const source = yield* newPartition({ "message.timestamp.type": "LogAppendTime" })
      const ack = yield* produce(source, batchOf(["a"]))
      assert.isAbove(Number(ack.logAppendTimeMs), 1_600_000_000_000)
      const [fetched] = (yield* fetchFrom([source])).partitions
      const header = fetched && readBatchHeader(fetched.records, 0, source)
      assert.strictEqual(header?.timestampType, "LogAppendTime")
      assert.strictEqual(header?.maxTimestamp, ack.logAppendTimeMs)
      assert.deepStrictEqual(yield* readValues(source), [[0, "a"]])
    }))
}
