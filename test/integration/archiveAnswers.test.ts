/** Answers of the real S3 server that are lost or late, a store without conditions, and races. */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Layer, Logger } from "effect"
import { bodyOfBytes } from "../../services/ObjectBody.ts"
import { ObjectStore } from "../../services/ObjectStore.ts"
import { archiveKey } from "../../src/domain/ArchiveKey.ts"
import {
  buffered,
  holdFetches,
  makeArchive,
  silent,
  storeLive,
  writtenAgain
} from "../support/ArchiveInS3.ts"
import { committed, createTopic } from "../support/BackupHarness.ts"
import { fill, range, until } from "../support/BackupPrograms.ts"
import { faster } from "../support/FastClock.ts"
import * as KafkaMemory from "../support/KafkaMemory.ts"
import type { PutFault } from "../support/S3Between.ts"

const orders = { topic: "orders", partition: 0 }

const cluster = Layer.merge(KafkaMemory.layer, silent)

const commits = (offset: number, groupId?: string) =>
  until(
    Effect.map(committed(orders, groupId), (at) => at === offset),
    `the commit of ${offset}`
  )

layer(storeLive, { excludeTestServices: true, timeout: "3 minutes" })("a PUT", (it) => {
  const once: PutFault = "stored, then reset"
  const cases: ReadonlyArray<readonly [string, ReadonlyArray<PutFault>]> = [
    ["a reset", [once]],
    ["a closed connection", ["stored, then closed"]],
    ["500", ["stored, then 500"]],
    ["503", ["stored, then 503"]],
    ["503, twice", ["stored, then 503", "stored, then 503"]],
    ["503, then a reset", ["stored, then 503", once]]
  ]
  for (const [what, faults] of cases) {
    it.scoped(`that succeeded is recognised when its answer is ${what}`, () =>
      Effect.gen(function*() {
        const archive = yield* makeArchive()
        const { puts } = archive.between
        const program = yield* archive.newProgram
        yield* createTopic("orders")
        const running = yield* program.start()
        yield* fill(orders, 10)
        yield* buffered(program, 10)
        archive.between.faults.push(...faults)
        assert.deepStrictEqual(yield* program.flush, { files: 1, committed: true })
        assert.deepStrictEqual(archive.between.faults, [])
        assert.deepStrictEqual(puts[0]?.status, 200)
        assert.isTrue(puts.slice(1).every(({ status }) => status === 412))
        assert.strictEqual(program.disk.files.size, 0)
        yield* commits(10)
        const before = yield* archive.objects
        // The partition goes on as if nothing had been.
        yield* fill(orders, 20)
        yield* buffered(program, 10)
        assert.deepStrictEqual(yield* program.flush, { files: 1, committed: true })
        yield* commits(20)
        assert.deepStrictEqual(yield* archive.changed(before), [])
        assert.strictEqual(yield* archive.spans(orders), "0-9 10-19")
        assert.deepStrictEqual(writtenAgain(puts), [])
        yield* Fiber.interrupt(running)
      }).pipe(Effect.provide(cluster)))
  }

  it.scoped("that succeeded is recognised when its answer never comes", () =>
    Effect.gen(function*() {
      const archive = yield* makeArchive()
      const program = yield* archive.newProgram
      yield* createTopic("orders")
      yield* fill(orders, 10)
      archive.between.faults.push("stored, then silence")
      // Thirty seconds without an answer are six.
      const files = yield* faster(5)(program.once())
      assert.deepStrictEqual(files.map(({ bytes }) => bytes), [0])
      assert.deepStrictEqual(archive.between.puts.map(({ status }) => status), [200, 412])
      assert.strictEqual(yield* archive.spans(orders), "0-9")
      assert.strictEqual(yield* committed(orders), 10)
    }).pipe(Effect.provide(cluster)))

  it.scoped("that meets another one, 409, is sent again", () =>
    Effect.gen(function*() {
      const archive = yield* makeArchive()
      const program = yield* archive.newProgram
      yield* createTopic("orders")
      yield* fill(orders, 10)
      archive.between.faults.push("409", "409")
      assert.lengthOf(yield* program.once(), 1)
      const statuses = archive.between.puts.map(({ status }) => status)
      assert.deepStrictEqual(statuses, [undefined, undefined, 200])
      assert.isTrue(archive.between.puts.every(({ conditional }) => conditional))
      assert.strictEqual(yield* archive.spans(orders), "0-9")
      assert.strictEqual(yield* committed(orders), 10)
    }).pipe(Effect.provide(cluster)))
})

layer(storeLive, { excludeTestServices: true, timeout: "3 minutes" })("conditions", (it) => {
  for (const ignoresConditions of [false, true]) {
    const what = ignoresConditions ? "are ignored: one warning, and a look first" : "are honoured"
    it.scoped(`that ${what}`, () =>
      Effect.gen(function*() {
        const warnings: Array<string> = []
        const listening = Logger.replace(
          Logger.defaultLogger,
          Logger.make(({ logLevel, message }) => {
            if (logLevel.label === "WARN") warnings.push(String(message))
          })
        )
        const archive = yield* makeArchive({ ignoresConditions })
        const program = yield* Effect.provide(archive.newProgram, listening)
        yield* createTopic("orders")
        yield* fill(orders, 10)
        const once = yield* Effect.provide(program.once(), listening)
        assert.lengthOf(once, 1)
        const ignored = warnings.filter((each) => each.includes("ignores If-None-Match"))
        assert.lengthOf(ignored, ignoresConditions ? 1 : 0)
        assert.lengthOf(warnings, ignored.length)
        const left = (yield* archive.besides).filter((key) => key.includes("probe"))
        assert.deepStrictEqual(left, [])

        const put = Effect.flatMap(
          ObjectStore,
          (store) => store.putIfAbsent(archiveKey(archive.prefix, orders, 0n), other, {})
        )
        const before = yield* archive.objects
        assert.strictEqual(yield* Effect.provide(put, program.context), "exists")
        assert.deepStrictEqual(yield* archive.changed(before), [])
        // Who has not looked at the archive at its start trusts the store.
        const trusting = yield* Effect.provide(put, archive.store)
        assert.strictEqual(trusting, ignoresConditions ? "created" : "exists")
        assert.lengthOf(yield* archive.changed(before), ignoresConditions ? 1 : 0)
      }).pipe(Effect.provide(cluster)))
  }
})

const other = bodyOfBytes(new Uint8Array(1000))

layer(storeLive, { excludeTestServices: true, timeout: "3 minutes" })("two writers", (it) => {
  it.scoped("that have read unequally far overlap, and agree where they do", () =>
    Effect.gen(function*() {
      const archive = yield* makeArchive()
      const [one, two] = [yield* archive.newProgram, yield* archive.newProgram]
      yield* createTopic("orders")
      const running = [yield* one.start(), yield* two.start({ groupId: "two" })]
      yield* fill(orders, 7)
      yield* buffered(one, 7)
      yield* buffered(two, 7)
      const { readOn } = yield* holdFetches(one)
      yield* fill(orders, 14)
      yield* buffered(two, 14)
      yield* two.flush
      const before = yield* archive.objects
      yield* one.flush
      yield* readOn
      yield* buffered(one, 7)
      yield* one.flush
      yield* commits(14)
      yield* commits(14, "two")
      assert.strictEqual(yield* archive.spans(orders), "0-13 7-13")
      const [long = [], short] = yield* archive.records(orders)
      assert.deepStrictEqual(short, long.slice(7))
      assert.deepStrictEqual(yield* archive.changed(before), [])
      assert.deepStrictEqual(writtenAgain(archive.between.puts), [])
      yield* Fiber.interruptAll(running)
    }).pipe(Effect.provide(cluster)))

  it.scoped("that race overwrite nothing, and together leave nothing out", () =>
    Effect.gen(function*() {
      const archive = yield* makeArchive()
      const sources = range(0, 3).map((partition) => ({ topic: "orders", partition }))
      const programs = [yield* archive.newProgram, yield* archive.newProgram]
      yield* createTopic("orders", sources.length)
      const running = yield* Effect.forEach(
        programs,
        (program, at) => program.start({ groupId: `group ${at}`, minFileSize: 700 + 500 * at })
      )
      // Both have found an empty archive before there is anything to put into it.
      yield* until(Effect.sync(() => programs.every(({ faults }) => faults.calls("fetch") > 0)))
      let before = yield* archive.objects
      for (const end of range(1, 13)) {
        yield* Effect.forEach(sources, (source) => fill(source, end * 14 - source.partition))
        yield* Effect.forEach(
          programs,
          ({ flush }, at) => (end + at) % 3 === 0 ? flush : Effect.void,
          { concurrency: 2 }
        )
        assert.deepStrictEqual(yield* archive.changed(before), [])
        before = yield* archive.objects
      }
      for (const source of sources) {
        const end = 12 * 14 - source.partition
        const done = Effect.zipRight(
          Effect.forEach(programs, ({ flush }) => flush, { concurrency: 2 }),
          Effect.forEach([0, 1], (at) => committed(source, `group ${at}`))
        )
        yield* until(Effect.map(done, (offsets) => offsets.every((at) => at === end)), "the end")
        const seen = new Map<number, object>()
        for (const record of (yield* archive.records(source)).flat()) {
          const twin = seen.get(Number(record.offset))
          if (twin !== undefined) assert.deepStrictEqual(record, twin)
          seen.set(Number(record.offset), record)
        }
        assert.deepStrictEqual([...seen.keys()].sort((a, b) => a - b), range(0, end))
      }
      assert.deepStrictEqual(yield* archive.changed(before), [])
      assert.deepStrictEqual(writtenAgain(archive.between.puts), [])
      assert.isTrue(archive.between.puts.some(({ status }) => status === 412), "they have raced")
      yield* Fiber.interruptAll(running)
    }).pipe(Effect.provide(cluster)))
})
