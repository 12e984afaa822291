import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Stream } from "effect"
import { randomBytes } from "node:crypto"
import { Kafka } from "../../services/Kafka.ts"
import { restoreTopics } from "../../streams/RestoreTopics.ts"
import { backup, createTopic, world as backupWorld } from "../support/BackupHarness.ts"
import { until } from "../support/BackupPrograms.ts"
import { buildBatch, buildMarker, plainRecord } from "../support/Batches.ts"
import { failed, MemoryFaults } from "../support/kafka/MemoryFaults.ts"
import { Cluster, connect } from "../support/KafkaMemory.ts"
import { Bucket } from "../support/ObjectStoreMemory.ts"
import {
  createTarget,
  logRecords,
  plan,
  putObject,
  putRange,
  restore,
  restoredOffsets,
  restoreOptions,
  targetOf,
  world
} from "../support/RestoreHarness.ts"

const orders = { topic: "orders", partition: 0 }
const other = { topic: "orders", partition: 1 }

/** Batches of a source come back with their timestamps, keys and values. */
const comesBack = (batches: ReadonlyArray<Buffer>, configs: Readonly<Record<string, string>>) =>
  Effect.gen(function*() {
    const cluster = yield* Cluster
    yield* createTopic("orders")
    for (const batch of batches) cluster.append(orders, batch)
    yield* backup()
    yield* createTarget("orders", 1, configs)
    yield* plan()
    yield* restore()
    const [before, after] = [yield* logRecords(orders), yield* logRecords(targetOf(orders))]
    const told = ({ key, timestamp, value }: (typeof before)[number]) => ({ key, timestamp, value })
    assert.deepStrictEqual(after.map(told), before.map(told))
    return after
  })

const refused = (partition: number) =>
  Effect.map(Kafka, (kafka) =>
    Kafka.of({
      ...kafka,
      produce: (request) =>
        request.topic !== "plan" && request.partition === partition
          ? Effect.fail(failed("produce", "one partition", "INVALID_RECORD"))
          : kafka.produce(request)
    }))

describe("a failure known from restores of topics:", () => {
  it.live("a record of 12 MB comes back", () =>
    Effect.gen(function*() {
      const batch = buildBatch([plainRecord({ value: randomBytes(12_000_000) })])
      const small = buildBatch([plainRecord()])
      const limit = { "max.message.bytes": "13000000" }
      const after = yield* comesBack([small, batch, small], limit)
      assert.deepStrictEqual(after.map(({ value }) => value?.length), [5, 12_000_000, 5])
    }).pipe(Effect.provide(backupWorld)))

  it.live("timestamps below zero come back", () =>
    Effect.gen(function*() {
      const times = [-1n, 0n, -1_700_000_000_000n, 1n, -(2n ** 62n)]
      const records = times.map((timestamp, offsetDelta) => plainRecord({ timestamp, offsetDelta }))
      const limit = 2n ** 63n - 1n
      const configs = { "message.timestamp.before.max.ms": String(limit) }
      const after = yield* comesBack([buildBatch(records)], configs)
      assert.deepStrictEqual(after.map(({ timestamp }) => timestamp), times)
    }).pipe(Effect.provide(backupWorld)))

  for (const tail of ["a marker", "a hole that compaction left"] as const) {
    it.live(`the read-back of the last record does not hang when the partition ends in ${tail}`, () =>
      Effect.gen(function*() {
        yield* putRange(orders, 0, 29)
        yield* createTarget("orders", 1)
        yield* plan()
        yield* restore()
        const log = (yield* Cluster).topics.log(targetOf(orders))
        const producer = { producerId: 77n, producerEpoch: 0, baseSequence: 0 }
        if (tail === "a marker") log.append(buildMarker("commit", producer))
        else {
          log.load(buildBatch([plainRecord()], { baseOffset: 5_000n }))
          log.compact(({ header }) => header.baseOffset !== 5_000n)
        }
        yield* putRange(orders, 30, 39)
        yield* plan()
        yield* Effect.timeout(restore({ groupId: "another" }), "30 seconds")
        assert.strictEqual(yield* restoredOffsets(orders), "0-39")
      }).pipe(Effect.provide(world)))
  }

  it.live("a plan that was interrupted anywhere is resumed without skipping or repeating", () =>
    Effect.gen(function*() {
      const keys: Array<string> = []
      for (let at = 0; at < 6; at++) {
        keys.push(yield* putRange(orders, at * 10, at * 10 + 9))
        keys.push(yield* putRange(other, at * 10, at * 10 + 9))
      }
      yield* plan()
      const log = (yield* Cluster).topics.log({ topic: "plan", partition: 0 })
      const whole = yield* logRecords({ topic: "plan", partition: 0 })
      const records = whole.map((record) => ({ ...record, offsetDelta: 0 }))
      for (let kept = 0; kept <= records.length; kept++) {
        log.truncateTo(0n)
        for (const record of records.slice(0, kept)) log.append(buildBatch([record]))
        assert.lengthOf(yield* plan(), records.length - kept, `${kept} were planned`)
        const now = yield* logRecords({ topic: "plan", partition: 0 })
        assert.deepStrictEqual(now.map(({ value }) => value), whole.map(({ value }) => value))
      }
      assert.lengthOf(records, keys.length)
    }).pipe(Effect.provide(world)))

  it.live(
    "a replica that gets a partition back continues from the target, not from its cache",
    () =>
      Effect.gen(function*() {
        yield* putRange(orders, 0, 29)
        yield* createTarget("orders", 1)
        yield* plan()
        const cluster = yield* Cluster
        const faults = new MemoryFaults()
        const client = Layer.succeed(Kafka, connect(cluster, faults))
        const first = yield* Stream.runDrain(restoreTopics(restoreOptions({ once: false }))).pipe(
          Effect.provide(client),
          Effect.fork
        )
        const reached = (last: number) =>
          until(Effect.map(restoredOffsets(orders), (text) => text === `0-${last}`), `0-${last}`)
        yield* reached(29)
        faults.disconnect()
        yield* cluster.group("restore").leave("member-1")
        yield* putRange(orders, 30, 59)
        yield* plan()
        yield* restore()
        assert.strictEqual(yield* restoredOffsets(orders), "0-59")
        // The group forgets its place as well: the plan is delivered again from its start.
        for (const each of cluster.group("restore").offsets.all) {
          cluster.group("restore").offsets.commit({ ...each, offset: 0n })
        }
        faults.heal()
        yield* putRange(orders, 60, 69)
        yield* plan()
        yield* Effect.retry(reached(69), { times: 5 })
        yield* Fiber.interrupt(first)
      }).pipe(Effect.provide(world)),
    60_000
  )

  it.live("one corrupt file does not block its neighbours", () =>
    Effect.gen(function*() {
      const key = yield* putRange(orders, 0, 29)
      yield* putRange(other, 0, 29)
      const { objects } = yield* Bucket
      const bytes = Buffer.from(objects.get(key)?.bytes ?? [])
      bytes.fill(0, bytes.length - 40)
      yield* putObject(key, bytes)
      yield* createTarget("orders", 2)
      yield* plan()
      assert.include((yield* Effect.flip(restore())).message, "orders")
      assert.strictEqual(yield* restoredOffsets(other), "0-29")
    }).pipe(Effect.provide(world)))

  it.live("an error for one partition in a produce does not hide in the others", () =>
    Effect.gen(function*() {
      yield* putRange(orders, 0, 29)
      yield* putRange(other, 0, 29)
      yield* createTarget("orders", 2)
      yield* plan()
      const error = yield* Effect.flip(Effect.provideServiceEffect(restore(), Kafka, refused(0)))
      assert.include(error.message, "INVALID_RECORD")
      assert.strictEqual(yield* restoredOffsets(orders), "")
      assert.strictEqual(yield* restoredOffsets(other), "0-29")
      yield* restore()
      assert.strictEqual(yield* restoredOffsets(orders), "0-29")
    }).pipe(Effect.provide(world)))

  it.live("a restore.source-offset of another archive in the target is not continued", () =>
    Effect.gen(function*() {
      yield* putRange(orders, 0, 29)
      yield* createTarget("orders", 1)
      yield* plan()
      const headers = [[Buffer.from("restore.source-offset"), Buffer.from("12")]] as const
      const { topics } = yield* Cluster
      topics.log(targetOf(orders)).append(buildBatch([plainRecord({ headers })]))
      assert.include((yield* Effect.flip(restore())).message, "restored.orders")
      assert.strictEqual(yield* restoredOffsets(orders), "12-12")
    }).pipe(Effect.provide(world)))
})
