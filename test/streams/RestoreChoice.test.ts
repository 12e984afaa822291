import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { KafkaError } from "../../services/Kafka.ts"
import type { ArchivedRecord } from "../../src/codec/RecordCursor.ts"
import type { RestoreChoice } from "../../src/domain/RestoreChoice.ts"
import { everything } from "../../src/domain/RestoreChoice.ts"
import { putSnapshot, restoredTopic, restoreLinesLive } from "../support/GroupsRestoreHarness.ts"
import { KafkaFaults } from "../support/KafkaMemory.ts"
import {
  archivedRecord,
  createTarget,
  logRecords,
  plan,
  putFile,
  putRange,
  recordsFrom,
  restore,
  restoredOffsets,
  targetOf,
  world
} from "../support/RestoreHarness.ts"

const orders = { topic: "orders", partition: 0 }
const choose = (changes: Partial<RestoreChoice>) => ({ choice: { ...everything, ...changes } })

/** Three files; time goes on with the offset, but for records that are late, or from the future. */
const lateAndFuture = new Map([[3, 25n], [12, 5n], [14, 29n], [27, 11n]])
const records = recordsFrom(orders, 0, 29).map((record, at): ArchivedRecord => (
  { ...record, timestamp: lateAndFuture.get(at) ?? BigInt(at) }
))

const inWindow = (from: bigint, to: bigint) =>
  records.filter(({ timestamp }) => timestamp >= from && timestamp < to)
    .map(({ offset }) => Number(offset))

const offsetsIn = Effect.map(
  logRecords(targetOf(orders)),
  (found) => found.map(({ headers }) => Number(headers[0]?.[1]?.toString()))
)

const putRecords = Effect.gen(function*() {
  for (const from of [0, 10, 20]) yield* putFile(records.slice(from, from + 10))
  yield* createTarget("orders", 1)
})

describe("a time window", () => {
  for (const [from, to] of [[10n, 20n], [0n, 12n], [25n, 100n], [11n, 12n], [5n, 6n]] as const) {
    it.live(`from ${from} to ${to} is exact by record, whatever file it sits in`, () =>
      Effect.gen(function*() {
        yield* putRecords
        const window = choose({ fromTimeMs: from, toTimeMs: to })
        yield* plan(window)
        yield* restore(window)
        assert.deepStrictEqual(yield* offsetsIn, inWindow(from, to))
        // Again, and by another group that knows nothing of the first.
        yield* restore({ ...window, groupId: "another" })
        assert.deepStrictEqual(yield* offsetsIn, inWindow(from, to))
      }).pipe(Effect.provide(world)))
  }

  it.live("leaves files out of the plan that hold nothing of it", () =>
    Effect.gen(function*() {
      yield* putRecords
      const planned = yield* plan(choose({ fromTimeMs: 26n }))
      assert.deepStrictEqual(planned.map(({ archive, index }) => [archive.firstOffset, index]), [
        [10n, 1],
        [20n, 2]
      ])
    }).pipe(Effect.provide(world)))

  it.live("holds in the restore of a plan that knows nothing of it", () =>
    Effect.gen(function*() {
      yield* putRecords
      yield* plan()
      yield* restore(choose({ toTimeMs: 6n }))
      assert.deepStrictEqual(yield* offsetsIn, inWindow(0n, 6n))
    }).pipe(Effect.provide(world)))

  it.live("goes on where it was interrupted", () =>
    Effect.gen(function*() {
      yield* putRecords
      const window = choose({ fromTimeMs: 8n, toTimeMs: 26n })
      yield* plan(window)
      let produced = 0
      const broken = new KafkaError({
        operation: "produce",
        subject: "restored.orders-0",
        reason: "TOPIC_AUTHORIZATION_FAILED",
        cause: ""
      })
      const faults = yield* KafkaFaults
      faults.before("produce", Effect.suspend(() => ++produced === 3 ? broken : Effect.void))
      yield* Effect.flip(restore(window))
      const before = yield* offsetsIn
      assert.isAbove(before.length, 0)
      assert.isBelow(before.length, inWindow(8n, 26n).length)
      yield* restore({ ...window, groupId: "another" })
      assert.deepStrictEqual(yield* offsetsIn, inWindow(8n, 26n))
    }).pipe(Effect.provide(world)))
})

describe("consumer groups", () => {
  it.live("of a time window go on at their first record in it, and wait for none beside it", () =>
    Effect.gen(function*() {
      yield* putRecords
      const window = choose({ fromTimeMs: 4n, toTimeMs: 15n })
      const held = inWindow(4n, 15n)
      yield* plan(window)
      yield* restore(window)
      const committed = Object.fromEntries(
        Array.from({ length: 31 }, (_, at) => [`g${at}`, { "orders-0": at }])
      )
      yield* putSnapshot(committed)
      const lines = yield* restoreLinesLive({
        ...window,
        topicsPrefix: "restored.",
        archivePrefix: "backup",
        onAhead: "fail"
      })
      // The log begins with the marker of the takeover; before it is as good as behind it.
      const places = Array.from({ length: 31 }, (_, at) => {
        const place = held.findIndex((offset) => offset >= at)
        if (place === 0) return at < (held[0] ?? 0) ? 0 : 1
        return 1 + (place < 0 ? held.length : place)
      })
      const found = lines.map((line) => /^g(\d+) \S+ \d+>(\d+) exact /.exec(line)?.slice(1))
      assert.deepStrictEqual(
        new Map(found.map((pair) => [Number(pair?.[0]), Number(pair?.[1])])),
        new Map(places.map((place, at) => [at, place]))
      )
    }).pipe(Effect.provide(world)))

  it.live("of renamed topics and chosen partitions", () =>
    Effect.gen(function*() {
      yield* restoredTopic("bestellungen", [3, 4, 5])
      yield* putSnapshot({ g: { "orders-0": 4, "orders-1": 9 } })
      const lines = yield* restoreLinesLive(choose({
        rename: new Map([["orders", "bestellungen"]]),
        partitions: new Map([["orders", new Set([0])]])
      }))
      assert.deepStrictEqual(lines, ["g restored.bestellungen-0 4>1 exact +2"])
    }).pipe(Effect.provide(world)))

  it.live("what is cut off by -to-offset is not waited for", () =>
    Effect.gen(function*() {
      yield* putRange(orders, 0, 49)
      yield* createTarget("orders", 1)
      const until = choose({ toOffsets: new Map([["orders-0", 20n]]) })
      yield* plan(until)
      yield* restore(until)
      yield* putSnapshot({ g: { "orders-0": 30 } })
      const asked = { topicsPrefix: "restored.", archivePrefix: "backup", onAhead: "fail" } as const
      const [without] = yield* restoreLinesLive(asked)
      assert.include(without, "failed")
      const lines = yield* restoreLinesLive({ ...asked, ...until })
      assert.deepStrictEqual(lines, ["g restored.orders-0 30>21 exact +0"])
    }).pipe(Effect.provide(world)))
})

describe("offsets, partitions and names", () => {
  it.live("-to-offset excludes itself, in the middle of a file", () =>
    Effect.gen(function*() {
      yield* putRange(orders, 0, 49)
      yield* putRange(orders, 50, 99)
      yield* createTarget("orders", 1)
      const until = choose({ toOffsets: new Map([["orders-0", 27n]]) })
      assert.lengthOf(yield* plan(until), 1)
      yield* restore(until)
      assert.strictEqual(yield* restoredOffsets(orders), "0-26")
    }).pipe(Effect.provide(world)))

  it.live("-to-offset holds for a whole plan too, and more can be restored later", () =>
    Effect.gen(function*() {
      yield* putRange(orders, 0, 49)
      yield* putRange(orders, 50, 99)
      yield* createTarget("orders", 1)
      yield* plan()
      yield* restore(choose({ toOffsets: new Map([["orders-0", 50n]]) }))
      assert.strictEqual(yield* restoredOffsets(orders), "0-49")
      yield* restore({ groupId: "another" })
      assert.strictEqual(yield* restoredOffsets(orders), "0-99")
    }).pipe(Effect.provide(world)))

  it.live("only the partitions asked for", () =>
    Effect.gen(function*() {
      const [first, second] = [orders, { topic: "orders", partition: 1 }]
      const other = { topic: "payments", partition: 0 }
      for (const each of [first, second, other]) yield* putRange(each, 0, 9)
      yield* createTarget("orders", 2)
      yield* createTarget("payments", 1)
      const some = choose({ partitions: new Map([["orders", new Set([1])]]) })
      assert.lengthOf(yield* plan(some), 2)
      yield* plan({ ...some, planTopic: "whole" })
      yield* restore(some)
      for (const [source, held] of [[first, ""], [second, "0-9"], [other, "0-9"]] as const) {
        assert.strictEqual(yield* restoredOffsets(source), held)
      }
    }).pipe(Effect.provide(world)))

  it.live("another name comes before the prefix", () =>
    Effect.gen(function*() {
      yield* putRange(orders, 0, 9)
      yield* createTarget("bestellungen", 1)
      const renamed = choose({ rename: new Map([["orders", "bestellungen"]]) })
      yield* plan(renamed)
      yield* restore(renamed)
      assert.strictEqual(
        yield* restoredOffsets({ topic: "bestellungen", partition: 0 }),
        "0-9"
      )
    }).pipe(Effect.provide(world)))

  it.live("two topics never mix under one name", () =>
    Effect.gen(function*() {
      yield* putRange(orders, 0, 9)
      yield* putFile([archivedRecord({ topic: "payments", partition: 0 }, 0)])
      yield* createTarget("payments", 1)
      const mixing = choose({ rename: new Map([["orders", "payments"]]) })
      const refused = yield* Effect.flip(plan(mixing))
      assert.include(refused.message, "orders cannot be renamed to payments")
      yield* plan()
      const incomplete = yield* Effect.flip(restore(mixing))
      assert.include(incomplete.message, "orders is renamed to payments")
      assert.strictEqual(yield* restoredOffsets({ topic: "payments", partition: 0 }), "0-9")
    }).pipe(Effect.provide(world)))

  it.live("what is not there cannot be chosen", () =>
    Effect.gen(function*() {
      yield* putRange(orders, 0, 9)
      const choice = choose({ toOffsets: new Map([["odrers-0", 4n]]) })
      const refused = yield* Effect.flip(plan(choice))
      assert.include(refused.message, "odrers")
    }).pipe(Effect.provide(world)))
})
