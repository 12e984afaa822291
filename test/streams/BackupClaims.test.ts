import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { Kafka } from "../../services/Kafka.ts"
import {
  archiveKeys,
  committed,
  createTopic,
  keysButDefinitions,
  objects
} from "../support/BackupHarness.ts"
import type { Program } from "../support/BackupPrograms.ts"
import { fill, newProgram, range, shared, until, values } from "../support/BackupPrograms.ts"
import * as KafkaMemory from "../support/KafkaMemory.ts"
import { Bucket } from "../support/ObjectStoreMemory.ts"

const orders = { topic: "orders", partition: 0 }
const claimKey = "backup.meta/first-generation/orders"
const firstKey = "backup/orders/0/orders-0-0000000000000000000.avro"

/** Another cluster with the topic, that archives so many records under the prefix. */
const anotherArchives = (end: number, prefix = "backup") =>
  Effect.gen(function*() {
    const cluster = yield* KafkaMemory.Cluster
    cluster.clusterId = "another-cluster"
    yield* createTopic("orders")
    yield* fill(orders, end, "another")
    yield* (yield* newProgram).once({ prefix })
  }).pipe(Effect.provide(KafkaMemory.layer))

const buffered = ({ disk }: Program) =>
  until(Effect.sync(() => disk.files.size === 1 && disk.open.size === 0), "the buffer")

const settled = ({ flush }: Program, end: number) =>
  until(
    Effect.zipRight(Effect.ignore(flush), Effect.map(committed(orders), (at) => at === end)),
    "the commit"
  )

/** Its store fails at every claim until the faults are taken away. */
const withoutClaims = Effect.map(Bucket, ({ faults }) => {
  const fault = { operation: "putIfAbsent", key: claimKey, reason: "Unreachable" } as const
  for (const _ of range(0, 200)) faults.push(fault)
  return Effect.sync(() => void (faults.length = 0))
})

const laterKey = Effect.gen(function*() {
  const { topics } = yield* (yield* Kafka).metadata(["orders"])
  return `backup.generations/${topics[0]?.topicId}/orders/0/orders-0-0000000000000000000.avro`
})

describe("the first generation of a topic", () => {
  it.live("is claimed once, by who writes first", () =>
    Effect.gen(function*() {
      yield* createTopic("orders")
      // Who has written nothing claims nothing.
      yield* (yield* newProgram).once()
      assert.deepStrictEqual(yield* keysButDefinitions, [])
      yield* fill(orders, 5)
      yield* (yield* newProgram).once()
      const claim = (yield* objects).get(claimKey)
      yield* fill(orders, 9)
      yield* (yield* newProgram).once()
      yield* anotherArchives(3)
      assert.strictEqual((yield* objects).get(claimKey), claim)
      const puts = (yield* Bucket).calls.filter(([operation, key]) =>
        operation === "putIfAbsent" && key === claimKey
      )
      assert.lengthOf(puts, 1)
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("is claimed by one partition for all of the topic", () =>
    Effect.gen(function*() {
      yield* createTopic("orders", 40)
      for (const partition of range(0, 40)) yield* fill({ topic: "orders", partition }, 5)
      yield* (yield* newProgram).once()
      assert.lengthOf(yield* archiveKeys, 40)
      const calls = (yield* Bucket).calls.filter(([, key]) => key === claimKey)
      const puts = calls.filter(([operation]) => operation === "putIfAbsent")
      assert.lengthOf(puts, 1)
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("can be claimed later than it is buffered, when the store is away", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      yield* createTopic("orders")
      const heal = yield* withoutClaims
      const running = yield* program.start()
      yield* fill(orders, 10)
      yield* buffered(program)
      assert.deepStrictEqual(yield* keysButDefinitions, [])
      yield* heal
      yield* settled(program, 10)
      assert.deepStrictEqual((yield* keysButDefinitions).sort(), [claimKey, firstKey])
      yield* Fiber.interrupt(running)
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live(
    "is not mixed with what was buffered when another cluster came first",
    () =>
      Effect.gen(function*() {
        const program = yield* newProgram
        yield* createTopic("orders")
        const heal = yield* withoutClaims
        const running = yield* program.start()
        yield* fill(orders, 10)
        yield* buffered(program)
        yield* heal
        yield* anotherArchives(4)
        const before = (yield* objects).get(firstKey)
        yield* settled(program, 10)
        assert.strictEqual((yield* objects).get(firstKey), before)
        const later = yield* laterKey
        assert.deepStrictEqual(yield* archiveKeys, [later, firstKey].sort())
        assert.deepStrictEqual(yield* values(later), range(0, 10).map((at) => `value ${at}`))
        // Kept, although the archive has its records from Kafka again.
        assert.strictEqual(program.disk.files.size, 0)
        assert.strictEqual(program.disk.aside.size, 1)
        yield* Fiber.interrupt(running)
      }).pipe(Effect.scoped, Effect.provide(shared)),
    60_000
  )

  it.live("is refused to another cluster without a prefix, also while it is empty", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      yield* createTopic("orders")
      const running = yield* program.start({ prefix: "" })
      yield* until(Effect.sync(() => program.faults.calls("fetch") > 0))
      yield* anotherArchives(4, "")
      const before = yield* archiveKeys
      const openings = program.faults.calls("fetchOffsets")
      yield* fill(orders, 10)
      yield* until(
        Effect.sync(() => program.faults.calls("fetchOffsets") > openings),
        "another opening"
      )
      yield* Fiber.interrupt(running)
      const error = yield* Effect.flip(program.once({ prefix: "" }))
      assert.include(error.message, "set -s3-prefix")
      assert.deepStrictEqual(yield* archiveKeys, before)
    }).pipe(Effect.scoped, Effect.provide(shared)))
})
