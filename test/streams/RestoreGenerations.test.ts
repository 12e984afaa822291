import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import type { ArchivedRecord } from "../../src/codec/RecordCursor.ts"
import { archiveKey, parseArchiveKey } from "../../src/domain/ArchiveKey.ts"
import { toPlanRecord } from "../../src/domain/Plan.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { restoreTopics } from "../../streams/RestoreTopics.ts"
import { buildBatch, plainRecord } from "../support/Batches.ts"
import { Cluster } from "../support/KafkaMemory.ts"
import {
  archivedRecord,
  createTarget,
  fileBytes,
  logRecords,
  plan,
  putFile,
  putObject,
  putRange,
  recordsFrom,
  restore,
  restoredOffsets,
  restoreOptions,
  targetOf,
  world
} from "../support/RestoreHarness.ts"

const orders = { topic: "orders", partition: 0 }
const other = { topic: "orders", partition: 1 }

const later = { prefix: "backup.generations/2", planTopic: "plan-2" }
const second = { planTopic: "plan-2", groupId: "second" }

/** A file of the second life of the topic, with these offsets. */
const putLater = (
  source: TopicPartition,
  first: number,
  last: number,
  changed: Partial<ArchivedRecord> = { value: Buffer.from("of the second life") }
) =>
  Effect.gen(function*() {
    const records = recordsFrom(source, first, last).map((record) => ({ ...record, ...changed }))
    const key = archiveKey(later.prefix, source, BigInt(first))
    yield* putObject(key, yield* fileBytes(records))
    return key
  })

const log = Effect.map(Cluster, ({ topics }) => topics.log(targetOf(orders)))

/** The first life, offsets 0 to 99 in three files, is restored. */
const restored = Effect.gen(function*() {
  yield* putRange(orders, 0, 39)
  yield* putRange(orders, 40, 79)
  yield* putRange(orders, 80, 99)
  yield* createTarget("orders", 2)
  yield* plan()
  yield* restore()
})

const words = (offset: string) =>
  `the target holds other records than the archive at source offset ${offset}: it was restored ` +
  "from another archive or generation; restore into another topic (-restore-topic-prefix) or " +
  "empty it"

/** Fails for the partition, with these words, as often as it is tried. */
const refused = (offset: string, file: string | undefined) =>
  Effect.gen(function*() {
    const before = (yield* logRecords(targetOf(orders))).length
    for (const _ of ["at first", "once more"]) {
      const error = yield* Effect.flip(restore(second))
      const failures = error._tag === "RestoreIncomplete" ? error.failures : []
      assert.deepStrictEqual(
        failures.map(({ file, partition, reason, topic }) => ({
          file,
          partition,
          reason,
          topic
        })),
        [{ topic: "restored.orders", partition: 0, reason: words(offset), file }]
      )
    }
    assert.lengthOf(yield* logRecords(targetOf(orders)), before)
  })

describe("restoreTopics into a target that holds another generation", () => {
  it.live("names the partition, whether it is shorter or longer, and restores the others", () =>
    Effect.gen(function*() {
      yield* restored
      const first = yield* putLater(orders, 0, 19)
      yield* putLater(other, 0, 19)
      yield* plan(later)
      yield* refused("0", first)
      assert.strictEqual(yield* restoredOffsets(other), "0-19")
      yield* putLater(orders, 20, 199)
      yield* plan(later)
      yield* refused("0", first)
    }).pipe(Effect.provide(world)))

  for (
    const [what, changed] of Object.entries({
      key: { key: null },
      value: { value: Buffer.alloc(0) },
      timestamp: { timestamp: 1_700_000_000_001n },
      headers: { headers: [[Buffer.from("a"), Buffer.from("b")] as const] }
    })
  ) {
    it.live(`finds another ${what}`, () =>
      Effect.gen(function*() {
        yield* restored
        const file = yield* putLater(orders, 0, 120, changed)
        yield* plan(later)
        yield* refused("0", file)
      }).pipe(Effect.provide(world)))
  }

  it.live("compares what retention has left, in the file that it is in", () =>
    Effect.gen(function*() {
      yield* restored
      ;(yield* log).deleteBefore(41n)
      yield* putLater(orders, 0, 29, {})
      const file = yield* putLater(orders, 30, 59)
      yield* putLater(orders, 60, 199)
      yield* plan(later)
      const [oldest] = yield* logRecords(targetOf(orders))
      yield* refused(String(oldest?.headers[0]?.[1]), file)
    }).pipe(Effect.provide(world)))

  it.live("compares the last record where the archive no longer holds the first", () =>
    Effect.gen(function*() {
      yield* restored
      yield* putLater(orders, 50, 69)
      const file = yield* putLater(orders, 70, 199)
      yield* plan(later)
      yield* refused("99", file)
    }).pipe(Effect.provide(world)))

  it.live("names a target that goes further than the archive", () =>
    Effect.gen(function*() {
      yield* restored
      ;(yield* log).deleteBefore(99n)
      yield* putLater(orders, 0, 29)
      yield* putLater(orders, 30, 49)
      yield* plan(later)
      yield* refused("99 (the archive ends at source offset 49)", undefined)
    }).pipe(Effect.provide(world)))

  it.live("names a target whose records the archive does not have", () =>
    Effect.gen(function*() {
      yield* restored
      const file = yield* Effect.gen(function*() {
        const records = [...recordsFrom(orders, 1, 98), ...recordsFrom(orders, 100, 140)]
        const key = archiveKey(later.prefix, orders, 1n)
        yield* putObject(key, yield* fileBytes(records))
        return key
      })
      yield* plan(later)
      yield* refused("99", file)
    }).pipe(Effect.provide(world)))

  it.live("finds it in one plan of both, behind what this run restores itself", () =>
    Effect.gen(function*() {
      const keys = [yield* putRange(orders, 0, 39), yield* putLater(orders, 0, 59)]
      yield* createTarget("orders", 1)
      const cluster = yield* Cluster
      cluster.topics.create("plan-2", 1)
      for (const key of keys) {
        const archive = parseArchiveKey(key)
        if (archive === undefined) throw new Error(key)
        const record = toPlanRecord({
          ...orders,
          archive,
          key,
          index: 1,
          topicsSha: "0".repeat(64)
        })
        cluster.append({ topic: "plan-2", partition: 0 }, buildBatch([plainRecord(record)]))
      }
      const error = yield* Effect.flip(restore(second))
      assert.include(error.message, words("0"))
      assert.strictEqual(yield* restoredOffsets(orders), "0-39")
    }).pipe(Effect.provide(world)))

  it.live("tries again without --once, and restores when the target is emptied", () =>
    Effect.gen(function*() {
      yield* restored
      yield* putLater(orders, 0, 149)
      yield* plan(later)
      const running = yield* Effect.fork(
        Stream.runDrain(restoreTopics(restoreOptions({ ...second, once: false })))
      )
      yield* Effect.sleep("2 seconds")
      const target = yield* log
      target.deleteBefore(target.logEnd)
      yield* Effect.sleep("4 seconds")
      assert.strictEqual(yield* restoredOffsets(orders), "0-149")
      yield* Fiber.interrupt(running)
    }).pipe(Effect.provide(world)))
})

describe("restoreTopics into a target that holds the same records", () => {
  it.live("goes on where they end, though the first ones are gone from both", () =>
    Effect.gen(function*() {
      yield* restored
      const target = yield* log
      target.deleteBefore(41n)
      yield* putLater(orders, 60, 99, {})
      yield* putLater(orders, 100, 119, {})
      yield* plan(later)
      const files = yield* restore(second)
      assert.deepStrictEqual(files.map(({ records }) => records), [0, 20])
      assert.match(yield* restoredOffsets(orders), /^\d+-119$/)
    }).pipe(Effect.provide(world)))

  it.live("goes on inside a file, behind a hole that compaction has left", () =>
    Effect.gen(function*() {
      yield* restored
      const target = yield* log
      target.compact(({ header }) => header.baseOffset > 41n)
      yield* putLater(orders, 0, 149, {})
      yield* plan(later)
      const files = yield* restore(second)
      assert.deepStrictEqual(files.map(({ records }) => records), [50])
      assert.match(yield* restoredOffsets(orders), /^\d+-149$/)
    }).pipe(Effect.provide(world)))

  it.live("knows what the original restored: our header last, the others by name", () =>
    Effect.gen(function*() {
      const header = (name: string, value: string | null) =>
        [Buffer.from(name), value === null ? null : Buffer.from(value)] as const
      const headers = [header("a", "1"), header("b", null), header("a", "2")]
      const records = recordsFrom(orders, 0, 19)
      yield* putFile(records.map((record) => ({ ...record, headers })))
      yield* createTarget("orders", 1)
      yield* plan()
      const target = yield* log
      target.append(buildBatch([plainRecord({
        ...archivedRecord(orders, 0),
        headers: [header("b", ""), header("a", "2"), header("restore.source-offset", "0")]
      })]))
      yield* restore()
      assert.lengthOf(yield* logRecords(targetOf(orders)), 20)
    }).pipe(Effect.provide(world)))

  it.live("passes over what somebody else wrote before", () =>
    Effect.gen(function*() {
      yield* putRange(orders, 0, 19)
      yield* createTarget("orders", 1)
      ;(yield* log).append(buildBatch([plainRecord()]))
      yield* plan()
      yield* restore({ failOnExistingData: false })
      yield* putRange(orders, 20, 29)
      yield* plan()
      yield* restore({ groupId: "another" })
      assert.strictEqual(yield* restoredOffsets(orders), "NaN-NaN 0-29")
    }).pipe(Effect.provide(world)))

  it.live("stops where the one file that could tell is damaged", () =>
    Effect.gen(function*() {
      yield* putRange(orders, 0, 19)
      yield* createTarget("orders", 1)
      yield* plan()
      yield* restore()
      const bytes = Buffer.from(yield* fileBytes(recordsFrom(orders, 0, 19)))
      bytes[bytes.length - 30]! ^= 0xff
      const header = bytes.indexOf("syncsyncsyncsync") + 16
      bytes[header + 20]! ^= 0xff
      yield* putObject(archiveKey("backup", orders, 0n), bytes)
      const error = yield* Effect.flip(restore({ groupId: "another" }))
      assert.match(error.message, /the archive file cannot be restored/)
    }).pipe(Effect.provide(world)))
})
