import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import { archiveKey } from "../../src/domain/ArchiveKey.ts"
import type { FileFacts } from "../../src/domain/FileFacts.ts"
import type { GenerationChoice } from "../../src/domain/Settings.ts"
import { Bucket } from "../support/ObjectStoreMemory.ts"
import {
  createTarget,
  fileBytes,
  logRecords,
  plan,
  putObject,
  recordsFrom,
  restore,
  targetOf,
  world
} from "../support/RestoreHarness.ts"

const orders = { topic: "orders", partition: 0 }
const idOf = (letter: string) => letter.repeat(22)
const later = (letter: string) => `backup.generations/${idOf(letter)}`

/** A file of ten records of `orders`. */
const put = (root: string, first: number, facts: Partial<FileFacts> = {}, source = orders) =>
  Effect.gen(function*() {
    const records = recordsFrom(source, first, first + 9).map((record) => (
      { ...record, value: Buffer.from(`${root} ${record.offset}`) }
    ))
    const key = archiveKey(root, source, BigInt(first))
    yield* putObject(key, yield* fileBytes(records, { topicId: idOf("f"), ...facts }))
    return key
  })

const planned = (generation: GenerationChoice = "newest") =>
  Effect.map(plan({ generation, dryRun: true }), (files) => files.map(({ key }) => key))

describe("a plan of topics with several generations", () => {
  it.live("takes the later one, the first, or the one with that topic id", () =>
    Effect.gen(function*() {
      const first = yield* put("backup", 0)
      const second = yield* put(later("a"), 0)
      assert.deepStrictEqual(yield* planned(), [second])
      assert.deepStrictEqual(yield* planned("first"), [first])
      assert.deepStrictEqual(yield* planned({ topicId: idOf("a") }), [second])
      assert.deepStrictEqual(yield* planned({ topicId: idOf("f") }), [first])
      const { message } = yield* Effect.flip(planned({ topicId: idOf("z") }))
      assert.include(message, `no generation ${idOf("z")} of topic orders`)
      assert.include(message, `first (topic id ${idOf("f")}), ${idOf("a")}`)
    }).pipe(Effect.provide(world)))

  it.live("takes the one of the newest record among several later ones", () =>
    Effect.gen(function*() {
      yield* put("backup", 0, { maxTimestamp: 900n })
      const old = [yield* put(later("b"), 0, { maxTimestamp: 300n })]
      const recent = [yield* put(later("a"), 0, { maxTimestamp: 100n })]
      recent.push(yield* put(later("a"), 10, { maxTimestamp: 500n }))
      assert.deepStrictEqual(yield* planned(), recent)
      old.push(yield* put(later("b"), 10, { maxTimestamp: 600n }))
      assert.deepStrictEqual(yield* planned(), old)
    }).pipe(Effect.provide(world)))

  it.live("keeps the order of topics, those of which only a later generation is there among them", () =>
    Effect.gen(function*() {
      const of = (topic: string) => ({ topic, partition: 0 })
      const keys = [
        yield* put("backup", 0, {}, of("a")),
        yield* put(later("b"), 0, {}, of("orders-dlq")),
        yield* put("backup", 0, {}, of("orders")),
        yield* put(later("c"), 0, {}, of("z"))
      ]
      assert.deepStrictEqual(yield* planned(), keys)
      assert.deepStrictEqual(yield* planned("first"), [keys[0], keys[2]])
    }).pipe(Effect.provide(world)))

  it.live("says which one is planned, and nothing where there is no choice", () =>
    Effect.gen(function*() {
      const said: Array<string> = []
      const logger = Logger.replace(
        Logger.defaultLogger,
        Logger.make(({ logLevel, message }) => said.push(`${logLevel.label} ${String(message)}`))
      )
      yield* put("backup", 0)
      yield* put("backup", 0, {}, { topic: "alone", partition: 0 })
      yield* Effect.provide(planned(), logger)
      assert.deepStrictEqual(said, [])
      yield* put(later("a"), 0)
      yield* Effect.provide(planned(), logger)
      yield* Effect.provide(planned({ topicId: idOf("f") }), logger)
      const line = "the topic has more than one generation, another one with -generation"
      assert.deepStrictEqual(said, [`WARN ${line}`, `INFO ${line}`])
    }).pipe(Effect.provide(Layer.mergeAll(world))))

  it.live("asks the store once more than before when there is one life of everything", () =>
    Effect.gen(function*() {
      yield* put("backup", 0)
      const { calls } = yield* Bucket
      yield* planned("first")
      const before = calls.splice(0).length
      yield* planned()
      assert.deepStrictEqual(calls.map(([operation]) => operation), [
        ...Array.from({ length: before }, () => "list" as const),
        "list"
      ])
    }).pipe(Effect.provide(world)))

  it.live("is restored like any other, and continued with the same choice alone", () =>
    Effect.gen(function*() {
      yield* put("backup", 0)
      yield* put(later("a"), 0)
      yield* plan()
      yield* put(later("a"), 10)
      assert.lengthOf(yield* plan({ generation: { topicId: idOf("a") } }), 1)
      for (const generation of ["first", { topicId: idOf("f") }] as const) {
        const { message } = yield* Effect.flip(plan({ generation }))
        assert.match(message, /plans another generation of topic orders.*with -generation/)
      }
      yield* createTarget("orders", 1)
      yield* restore()
      const values = (yield* logRecords(targetOf(orders))).map(({ value }) => String(value))
      assert.deepStrictEqual(
        values,
        Array.from({ length: 20 }, (_, offset) => `${later("a")} ${offset}`)
      )
    }).pipe(Effect.provide(world)))
})

describe("a plan of a topic whose log was cut back", () => {
  const branch = (epoch: number) => `${later("f")}.${epoch}`

  it.live("follows the branches, each from the offset on that its first file accounts for", () =>
    Effect.gen(function*() {
      const first = yield* put("backup", 0)
      for (const at of [10, 20, 30]) yield* put("backup", at)
      const second = [yield* put(branch(5), 11, { coverageStart: 10n })]
      second.push(yield* put(branch(5), 21), yield* put(branch(5), 31))
      const third = yield* put(branch(12), 31)
      assert.deepStrictEqual(yield* planned(), [first, ...second.slice(0, 2), third])
      assert.lengthOf(yield* planned("first"), 4)
    }).pipe(Effect.provide(world)))

  it.live("belongs to the generation that has its topic id", () =>
    Effect.gen(function*() {
      yield* put("backup", 0)
      const kept = yield* put(later("a"), 0)
      yield* put(later("a"), 10)
      const branched = yield* put(`${later("a")}.3`, 10)
      assert.deepStrictEqual(yield* planned(), [kept, branched])
      assert.deepStrictEqual(yield* planned({ topicId: idOf("a") }), [kept, branched])
    }).pipe(Effect.provide(world)))
})
