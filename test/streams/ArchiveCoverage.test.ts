import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import fc from "fast-check"
import { archiveKey } from "../../src/domain/ArchiveKey.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { makeArchiveCoverage } from "../../streams/translate/ArchiveCoverage.ts"
import { fixtureBytes, fixtureKeys, fixtureRecords } from "../support/Fixtures.ts"
import { Bucket } from "../support/ObjectStoreMemory.ts"
import {
  archivedRecord,
  fileBytes,
  putFile,
  putObject,
  recordsFrom,
  world
} from "../support/RestoreHarness.ts"

const orders: TopicPartition = { topic: "orders", partition: 2 }

const keyOf = (first: number) => archiveKey("backup", orders, BigInt(first))

/** A file without facts, as another program writes it. */
const bareBytes = (offsets: ReadonlyArray<number>) =>
  Effect.map(fileBytes(offsets.map((offset) => archivedRecord(orders, offset))), (bytes) => {
    const name = bytes.indexOf("kafka-data-keep.format-version")
    bytes.write("other", name)
    return bytes
  })

const putBare = (offsets: ReadonlyArray<number>) =>
  Effect.flatMap(bareBytes(offsets), (bytes) => putObject(keyOf(offsets[0] ?? 0), bytes))

/** Calls of the store since the last question. */
const callsOf = Effect.map(Bucket, ({ calls }) => calls.splice(0).map(([operation]) => operation))

const range = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, at) => first + at)

describe("archive coverage", () => {
  it.effect("agrees with an independent reader of the original's archive", () =>
    Effect.gen(function*() {
      const coverage = makeArchiveCoverage("backup/")
      for (const key of fixtureKeys) yield* putObject(`backup/${key}`, fixtureBytes(key))
      for (const partition of [0, 1, 2]) {
        const source = { topic: "orders.v1", partition }
        const offsets = fixtureKeys.filter((key) => key.startsWith(`orders.v1/${partition}/`))
          .flatMap((key) => fixtureRecords(key).map(({ offset }) => BigInt(offset)))
        const last = offsets.at(-1) ?? 0n
        for (let after = -1n; after <= last + 2n; after += after > last - 4n ? 1n : 7n) {
          for (const distance of [1n, 2n, 3n, 90n]) {
            const before = after + distance
            const holds = offsets.some((offset) => offset > after && offset < before)
            assert.strictEqual(
              yield* coverage.holdsBetween(source, after, before),
              holds,
              `${partition}: (${after}, ${before})`
            )
          }
        }
      }
    }).pipe(Effect.provide(world)))

  it.effect("tells topics apart whose offsets mean several things", () =>
    Effect.gen(function*() {
      yield* putFile(recordsFrom(orders, 0, 9))
      const beside = (root: string, topic: string) =>
        putObject(archiveKey(root, { topic, partition: 0 }, 0n), new Uint8Array(1))
      const [first, second] = ["A".repeat(22), "B".repeat(22)]
      yield* beside("backup", "recreated")
      yield* beside(`backup.generations/${first}`, "recreated")
      yield* beside("backup", "cut")
      yield* beside(`backup.generations/${second}.7`, "cut")
      yield* beside(`backup.generations/${first}`, "later")
      const { hasOneLife } = makeArchiveCoverage("backup")
      yield* callsOf
      const found: Record<string, boolean> = {}
      for (const topic of ["orders", "recreated", "cut", "later", "absent"]) {
        found[topic] = yield* hasOneLife(topic)
      }
      assert.deepStrictEqual(found, {
        orders: true,
        recreated: false,
        cut: false,
        later: false,
        absent: true
      })
      assert.isAtMost((yield* callsOf).length, 4)
    }).pipe(Effect.provide(world)))

  it.effect("knows from the keys alone, and lists a folder once", () =>
    Effect.gen(function*() {
      yield* putFile(recordsFrom(orders, 0, 9))
      yield* putFile(recordsFrom(orders, 10, 19))
      const { holdsBetween } = makeArchiveCoverage("backup")
      assert.isFalse(yield* holdsBetween(orders, 4n, 5n))
      assert.deepStrictEqual(yield* callsOf, [])
      assert.isTrue(yield* holdsBetween(orders, 9n, 11n))
      assert.deepStrictEqual(yield* callsOf, ["list"])
      assert.isTrue(yield* holdsBetween(orders, -1n, 11n))
      assert.isTrue(yield* holdsBetween(orders, -1n, 1n))
      assert.deepStrictEqual(yield* callsOf, [])
    }).pipe(Effect.provide(world)))

  it.effect("believes facts, and decodes what lies in gaps", () =>
    Effect.gen(function*() {
      // The offsets 12 to 14 are markers, 25 to 29 too.
      const records = [...recordsFrom(orders, 0, 11), ...recordsFrom(orders, 15, 24)]
      yield* putFile(records, { coverageNext: 30n })
      const { holdsBetween } = makeArchiveCoverage("backup")
      const answers = yield* Effect.forEach(
        [[11n, 15n], [11n, 16n], [24n, 30n], [24n, 99n], [29n, 99n]] as const,
        ([after, before]) => holdsBetween(orders, after, before)
      )
      assert.deepStrictEqual(answers, [false, true, false, false, false])
    }).pipe(Effect.provide(world)))

  it.effect("finds what an older file of another program holds beyond the next one", () =>
    Effect.gen(function*() {
      yield* putBare(range(0, 50))
      yield* putBare(range(20, 24))
      yield* putBare(range(25, 30))
      const { holdsBetween } = makeArchiveCoverage("backup")
      assert.isTrue(yield* holdsBetween(orders, 30n, 32n))
      assert.isTrue(yield* holdsBetween(orders, 49n, 99n))
      assert.isFalse(yield* holdsBetween(orders, 50n, 99n))
    }).pipe(Effect.provide(world)))

  it.effect("reads little of a long archive, and each thing once for all who ask", () =>
    Effect.gen(function*() {
      for (const first of range(0, 29)) yield* putBare(range(first * 100, first * 100 + 99))
      const { holdsBetween } = makeArchiveCoverage("backup")
      const ask = (before: bigint) => holdsBetween(orders, 2999n, before)
      const answers = yield* Effect.forEach([3002n, 3005n, 3001n, 9999n], ask, {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(answers, [false, false, false, false])
      const calls = yield* callsOf
      assert.strictEqual(calls.filter((operation) => operation === "list").length, 1)
      // Header and end of three files.
      assert.strictEqual(calls.length, 7)
      yield* ask(3003n)
      assert.deepStrictEqual(yield* callsOf, [])
    }).pipe(Effect.provide(world)))

  it.effect("sees what an archive has got before it says that there is nothing", () =>
    Effect.gen(function*() {
      const { holdsBetween } = makeArchiveCoverage("backup")
      assert.isFalse(yield* holdsBetween(orders, -1n, 50n))
      yield* putFile(recordsFrom(orders, 0, 9))
      assert.isFalse(yield* holdsBetween(orders, 9n, 50n))
      yield* putFile(recordsFrom(orders, 10, 19))
      assert.isTrue(yield* holdsBetween(orders, 10n, 50n))
      yield* putFile(recordsFrom(orders, 20, 29))
      assert.isTrue(yield* holdsBetween(orders, 19n, 50n))
    }).pipe(Effect.provide(world)))

  it.effect("leaves out what is no archive file of the partition", () =>
    Effect.gen(function*() {
      yield* putObject("backup/orders/2/notes.txt", Buffer.from("x"))
      yield* putObject("backup/orders/2/orders-1-0000000000000000005.avro", Buffer.from("x"))
      yield* putObject(
        "backup/orders/2/old/orders/2/orders-2-0000000000000000005.avro",
        Buffer.from("x")
      )
      yield* putObject("backup/orders/20/orders-20-0000000000000000005.avro", Buffer.from("x"))
      assert.isFalse(yield* makeArchiveCoverage("backup").holdsBetween(orders, -1n, 50n))
    }).pipe(Effect.provide(world)))

  it.effect("names a damaged file, and asks again the next time", () =>
    Effect.gen(function*() {
      const { holdsBetween } = makeArchiveCoverage("backup")
      const whole = yield* bareBytes(range(0, 40))
      yield* putObject(keyOf(0), whole.subarray(0, whole.length - 30))
      const error = yield* Effect.flip(holdsBetween(orders, 40n, 50n))
      assert.strictEqual(error._tag, "CodecError")
      assert.match(error.message, /archive file backup.orders.2.*0\.avro: .*the file ends inside/)
      yield* putObject(keyOf(0), whole)
      assert.isFalse(yield* holdsBetween(orders, 40n, 50n))
    }).pipe(Effect.provide(world)))

  it.live("waits out a store that does not answer", () =>
    Effect.gen(function*() {
      yield* putBare(range(0, 40))
      const { faults } = yield* Bucket
      faults.push({ operation: "list", reason: "Throttled" }, {
        operation: "get",
        reason: "Unreachable"
      })
      assert.isFalse(yield* makeArchiveCoverage("backup").holdsBetween(orders, 40n, 50n))
      faults.push({ operation: "list", reason: "Denied" })
      const error = yield* Effect.flip(
        makeArchiveCoverage("backup").holdsBetween(orders, 40n, 50n)
      )
      assert.match(error.message, /Denied/)
    }).pipe(Effect.provide(world)))

  it.effect("says what a search through every record says", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.record({
              gaps: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 25 }),
              apart: fc.integer({ min: 1, max: 5 }),
              markers: fc.nat({ max: 3 }),
              isBare: fc.boolean()
            }),
            { maxLength: 4 }
          ),
          (files) =>
            Effect.runPromise(
              Effect.gen(function*() {
                const all: Array<number> = []
                let next = 0
                for (const { apart, gaps, isBare, markers } of files) {
                  let offset = next + apart - 1
                  const offsets = [offset, ...gaps.map((gap) => offset += gap)]
                  all.push(...offsets)
                  next = offset + 1 + markers
                  if (isBare) yield* putBare(offsets)
                  else {
                    const records = offsets.map((one) => archivedRecord(orders, one))
                    yield* putFile(records, { coverageNext: BigInt(next) })
                  }
                }
                const { holdsBetween } = makeArchiveCoverage("backup")
                for (let after = -1; after < next + 2; after += 1 + (after & 3)) {
                  for (const before of [after + 1, after + 2, after + 5, next, next + 9]) {
                    const holds = all.some((offset) => offset > after && offset < before)
                    const answer = yield* holdsBetween(orders, BigInt(after), BigInt(before))
                    assert.strictEqual(answer, holds, `(${after}, ${before})`)
                  }
                }
              }).pipe(Effect.provide(world))
            )
        ),
        { numRuns: 30 }
      )
    ))
})
