import { assert, describe, it } from "@effect/vitest"
import { Effect, Either } from "effect"
import { createHash } from "node:crypto"
import { partitionOfKey } from "../../src/domain/Murmur2.ts"
import { fromPlanRecord } from "../../src/domain/Plan.ts"
import { putOriginal, range } from "../support/BackupPrograms.ts"
import { Cluster, KafkaFaults } from "../support/KafkaMemory.ts"
import { Bucket } from "../support/ObjectStoreMemory.ts"
import {
  logRecords,
  plan,
  putFile,
  putObject,
  putRange,
  recordsFrom,
  world
} from "../support/RestoreHarness.ts"

const nothing = Buffer.alloc(0)
const key = (topic: string, partition: number, offset: number) =>
  `backup/${topic}/${partition}/${topic}-${partition}-${String(offset).padStart(19, "0")}.avro`

const put = (...keys: ReadonlyArray<string>) =>
  Effect.forEach(keys, (one) => putObject(one, nothing), { discard: true })

const shaOf = (...topics: ReadonlyArray<string>) =>
  createHash("sha256").update(topics.join(",")).digest("hex")

/** Values of a plan partition, in order. */
const planned = (partition = 0) =>
  Effect.map(logRecords({ topic: "plan", partition }), (records) =>
    records.map((record) => {
      const file = Either.getOrThrow(fromPlanRecord(record))
      return [file.key, file.index, file.topicsSha] as const
    }))

const matching = (...names: ReadonlyArray<string>) => (topic: string) => names.includes(topic)

describe("planRestore", () => {
  it.live("lists topics by expression, then in the order of their folders, then files by key", () =>
    Effect.gen(function*() {
      yield* put(
        key("orders", 10, 0),
        key("orders", 2, 7),
        key("orders", 2, 100),
        key("orders-dlq", 0, 0),
        key("orders.v1", 0, 0),
        key("a", 0, 0)
      )
      const topics = [(topic: string) => topic.startsWith("orders"), () => true]
      const files = yield* plan({ topics })
      const order = [
        key("orders-dlq", 0, 0),
        key("orders.v1", 0, 0),
        key("orders", 10, 0),
        key("orders", 2, 7),
        key("orders", 2, 100),
        key("a", 0, 0)
      ]
      assert.deepStrictEqual(files.map((file) => file.key), order)
      assert.deepStrictEqual(files.map(({ index }) => index), [1, 1, 1, 1, 2, 1])
      const sha = shaOf("orders-dlq", "orders.v1", "orders", "a")
      const expected = order.map((one, at) => [one, at === 4 ? 2 : 1, sha] as const)
      assert.deepStrictEqual(yield* planned(), expected)
    }).pipe(Effect.provide(world)))

  it.live("puts each record where Java would, in a topic that keeps it for ever", () =>
    Effect.gen(function*() {
      yield* put(...[0, 1, 2, 3, 4, 5].map((partition) => key("t", partition, 0)))
      yield* plan({ planTopicPartitions: 3 })
      const { topics } = yield* Cluster
      const topic = topics.find("plan")
      assert.strictEqual(topic?.configs.get("cleanup.policy"), "delete")
      assert.strictEqual(topic?.configs.get("retention.ms"), "-1")
      assert.strictEqual(topic?.configs.get("retention.bytes"), "-1")
      for (const partition of [0, 1, 2]) {
        for (const [file] of yield* planned(partition)) {
          const folder = file.slice(0, file.lastIndexOf("/") + 1)
          assert.strictEqual(partitionOfKey(Buffer.from(folder), 3), partition)
        }
      }
    }).pipe(Effect.provide(world)))

  it.live("goes on where a half-written plan ends", () =>
    Effect.gen(function*() {
      yield* put(key("t", 0, 0), key("t", 0, 10))
      assert.lengthOf(yield* plan(), 2)
      yield* put(key("t", 0, 20), key("t", 1, 0))
      const files = yield* plan()
      assert.deepStrictEqual(files.map((file) => [file.key, file.index]), [
        [key("t", 0, 20), 3],
        [key("t", 1, 0), 1]
      ])
      assert.lengthOf(yield* plan(), 0)
      assert.lengthOf(yield* planned(), 4)
    }).pipe(Effect.provide(world)))

  it.live("plans each file once when an answer of the broker is lost", () =>
    Effect.gen(function*() {
      const faults = yield* KafkaFaults
      faults.loseAnswer("produce", "REQUEST_TIMED_OUT")
      faults.fail("produce", "NOT_LEADER_OR_FOLLOWER")
      yield* put(key("t", 0, 0), key("t", 0, 10))
      yield* plan()
      assert.lengthOf(yield* planned(), 2)
    }).pipe(Effect.provide(world)))

  it.live("refuses to continue the plan of other topics", () =>
    Effect.gen(function*() {
      yield* put(key("t", 0, 0))
      yield* plan()
      yield* put(key("a", 0, 0))
      const error = yield* Effect.flip(plan())
      assert.match(error.message, /plan of other topics/)
      const gone = yield* Effect.flip(plan({ topics: [matching("a")] }))
      assert.match(gone.message, /plans topic t, which is not to be planned now/)
      assert.lengthOf(yield* planned(), 1)
    }).pipe(Effect.provide(world)))

  it.live("refuses a plan topic that is missing, compacted, or holds something else", () =>
    Effect.gen(function*() {
      const { topics } = yield* Cluster
      yield* put(key("t", 0, 0))
      const missing = yield* Effect.flip(plan({ planTopicPartitions: undefined }))
      assert.match(missing.message, /does not exist: create it, or give --plan-topic-partitions N/)
      topics.create("plan", 1, { "cleanup.policy": "compact,delete" })
      const compacted = yield* Effect.flip(plan())
      assert.match(compacted.message, /cleanup.policy=compact,delete/)
      topics.create("plan", 2)
      yield* plan()
      topics.grow("plan", 8)
      const grown = yield* Effect.flip(plan())
      assert.match(grown.message, /got partitions after it was planned/)
    }).pipe(Effect.provide(world)))

  it.live("leaves out what is no archive file, and says so at the end of files that came late", () =>
    Effect.gen(function*() {
      yield* put(key("t", 0, 5), key("t", 0, 50), "backup/t/readme.txt", "backup/t/0/t-1-5.avro")
      const files = yield* plan()
      assert.deepStrictEqual(files.map((file) => file.key), [key("t", 0, 5), key("t", 0, 50)])
      yield* put(key("t", 0, 20), key("t", 0, 60), key("t", 1, 0))
      const error = yield* Effect.flip(plan())
      assert.match(error.message, /appeared in front of planned ones .* \(1\): backup\/t\/0/)
      const values = (yield* planned()).map(([value]) => value)
      assert.sameMembers(values, [key("t", 0, 5), key("t", 0, 50), key("t", 1, 0)])
    }).pipe(Effect.provide(world)))

  it.live("leaves out late files whose records planned files hold, whoever wrote them", () =>
    Effect.gen(function*() {
      const source = { topic: "t", partition: 0 }
      yield* putRange(source, 0, 19)
      yield* putRange(source, 20, 29)
      yield* putFile(recordsFrom(source, 35, 49), { coverageStart: 30n })
      yield* putRange(source, 60, 70)
      assert.lengthOf(yield* plan(), 4)
      yield* putRange(source, 12, 34)
      yield* putRange(source, 31, 49)
      yield* putOriginal(source, range(25, 50))
      assert.deepStrictEqual(yield* plan(), [])

      yield* putRange(source, 36, 50)
      yield* putRange(source, 51, 59)
      const error = yield* Effect.flip(plan())
      assert.include(error.message, `in order (2): ${key("t", 0, 36)}, ${key("t", 0, 51)};`)
      assert.lengthOf(yield* planned(), 4)
    }).pipe(Effect.provide(world)))

  it.live("plans late files that go on where the plan ends, behind what they continue", () =>
    Effect.gen(function*() {
      const source = { topic: "t", partition: 0 }
      const files = [yield* putRange(source, 0, 19), yield* putRange(source, 20, 29)]
      assert.lengthOf(yield* plan(), 2)
      files.push(yield* putRange(source, 12, 34), yield* putRange(source, 25, 39))
      yield* putRange(source, 15, 33)
      files.push(yield* putRange(source, 40, 49))
      assert.deepStrictEqual((yield* plan()).map(({ key, index }) => [index, key]), [
        [3, files[2]],
        [4, files[3]],
        [5, files[4]]
      ])
      assert.deepStrictEqual((yield* planned()).map(([value]) => value), files)
      assert.deepStrictEqual(yield* plan(), [])
    }).pipe(Effect.provide(world)))

  it.live("puts large topics last, keeps to the excluded ones, and fails when none is left", () =>
    Effect.gen(function*() {
      yield* putObject(key("a", 0, 0), Buffer.alloc(1024 * 1024))
      yield* putObject(key("a", 0, 9), Buffer.alloc(1024 * 1024))
      yield* putObject(key("b", 0, 0), Buffer.alloc(2 * 1024 * 1024))
      yield* put(key("c", 0, 0))
      const options = { processLargeTopicsLast: true, largeTopicThresholdMb: 1, dryRun: true }
      const topics = (files: ReadonlyArray<{ readonly topic: string }>) =>
        [...new Set(files.map(({ topic }) => topic))].join()
      assert.strictEqual(topics(yield* plan(options)), "c,a,b")
      const exact = { ...options, largeTopicThresholdMb: 2 }
      assert.strictEqual(topics(yield* plan(exact)), "a,b,c")
      assert.strictEqual(topics(yield* plan({ dryRun: true, exclude: matching("b") })), "a,c")
      const error = yield* Effect.flip(plan({ topics: [matching("x")] }))
      assert.match(error.message, /none of the 3 topics/)
      assert.isUndefined((yield* Cluster).topics.find("plan"))
    }).pipe(Effect.provide(world)))

  it.live("waits out a store that is slow to answer", () =>
    Effect.gen(function*() {
      yield* put(key("t", 0, 0))
      const { faults } = yield* Bucket
      faults.push({ operation: "list", reason: "Throttled" })
      assert.lengthOf(yield* plan(), 1)
    }).pipe(Effect.provide(world)))
})
