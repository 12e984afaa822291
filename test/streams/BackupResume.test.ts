import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { Kafka } from "../../services/Kafka.ts"
import { committed, coverage, createTopic, objects } from "../support/BackupHarness.ts"
import {
  archivedOffsets,
  fill,
  forge,
  newProgram,
  originalKey,
  putOriginal,
  range,
  shared,
  until
} from "../support/BackupPrograms.ts"
import type { Program } from "../support/BackupPrograms.ts"
import { buildBatch, buildMarker, plainRecord } from "../support/Batches.ts"
import * as KafkaMemory from "../support/KafkaMemory.ts"

const orders = { topic: "orders", partition: 0 }
const folder = "backup/orders/0"

const commit = (offset: bigint, metadata: string | null = null) =>
  Effect.flatMap(
    Kafka,
    (kafka) =>
      kafka.commitOffsets({ groupId: "backup", generation: -1, memberId: "" }, [
        { ...orders, offset, leaderEpoch: -1, metadata }
      ])
  )

/** Runs it until everything is in the buffer, and stops it without an upload. */
const bufferOnly = (program: Program, changes = {}) =>
  Effect.gen(function*() {
    const before = [...program.disk.files.values()].reduce(
      (sum, { bytes }) => sum + bytes.length,
      0
    )
    const running = yield* program.start(changes)
    yield* until(
      Effect.sync(() => {
        const now = [...program.disk.files.values()].reduce(
          (sum, { bytes }) => sum + bytes.length,
          0
        )
        return now > before && program.disk.open.size === 0
      }),
      "the buffer file"
    )
    yield* Fiber.interrupt(running)
  })

describe("the committed offset", () => {
  for (
    const [what, offset, metadata] of [
      ["ahead of the archive", 15n, null],
      ["behind the archive", 3n, null],
      ["equal to the archive's end", 10n, "newest archive file: 0"],
      ["with a hint at a file that is gone", 10n, "newest archive file: 5"],
      ["with a hint that is none", 10n, "newest archive file: x"]
    ] as const
  ) {
    it.live(`is a hint only: ${what}`, () =>
      Effect.gen(function*() {
        const program = yield* newProgram
        yield* createTopic("orders")
        yield* fill(orders, 10)
        yield* program.once({ groupId: "another" })
        yield* fill(orders, 20)
        yield* commit(offset, metadata)
        yield* program.once()
        assert.deepStrictEqual(yield* coverage(folder), ["0-9 [0, 10)", "10-19 [10, 20)"])
        assert.strictEqual(yield* committed(orders), 20)
      }).pipe(Effect.scoped, Effect.provide(shared)))
  }
})

describe("an archive of the original's", () => {
  it.live("is continued when its records are the cluster's", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      yield* createTopic("orders")
      yield* fill(orders, 20)
      yield* putOriginal(orders, range(0, 7))
      yield* putOriginal(orders, range(7, 12))
      yield* program.once()
      assert.deepStrictEqual(yield* archivedOffsets(folder), range(0, 20))
      assert.deepStrictEqual((yield* coverage(folder)).at(-1), "12-19 [12, 20)")
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("is another life of the topic when they are not", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      yield* createTopic("orders")
      yield* fill(orders, 20)
      yield* putOriginal(orders, range(0, 12), "other")
      yield* program.once()
      const [file] = yield* program.once({ groupId: "again" })
      assert.isUndefined(file)
      assert.deepStrictEqual(yield* archivedOffsets("backup/"), range(0, 12))
      assert.deepStrictEqual(yield* archivedOffsets("backup.generations/"), range(0, 20))
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("is another life of the topic when the log does not reach as far", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      yield* createTopic("orders")
      yield* fill(orders, 10)
      yield* putOriginal(orders, range(0, 12))
      yield* program.once()
      assert.deepStrictEqual(yield* archivedOffsets("backup.generations/"), range(0, 10))
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("may hold aborted records", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      const cluster = yield* KafkaMemory.Cluster
      yield* createTopic("orders")
      yield* fill(orders, 5)
      const aborted = [0, 1, 2].map((offsetDelta) =>
        plainRecord({ offsetDelta, value: Buffer.from("aborted") })
      )
      const producer = { producerId: 7n, producerEpoch: 0, baseSequence: 0 }
      cluster.append(orders, buildBatch(aborted, { ...producer, transactional: true }))
      cluster.append(orders, buildMarker("abort", { producerId: 7n }))
      yield* putOriginal(orders, range(0, 8))
      yield* fill(orders, 20)
      yield* program.once()
      assert.deepStrictEqual(yield* archivedOffsets(folder), [...range(0, 8), ...range(9, 20)])
      assert.deepStrictEqual((yield* coverage(folder)).at(-1), "9-19 [8, 20)")
    }).pipe(Effect.scoped, Effect.provide(shared)))
})

describe("the disk buffer", () => {
  it.live("is deleted when the archive covers it, and never when it contradicts it", () =>
    Effect.gen(function*() {
      const [one, two] = [yield* newProgram, yield* newProgram]
      yield* createTopic("orders")
      yield* fill(orders, 10)
      yield* bufferOnly(one)
      yield* bufferOnly(two)
      yield* (yield* newProgram).once({ groupId: "another" })
      assert.lengthOf(yield* one.once(), 0)
      assert.strictEqual(one.disk.files.size, 0)
      yield* forge(orders, 10)
      assert.include((yield* Effect.flip(two.once())).message, "another record at offset 0")
      assert.strictEqual(two.disk.files.size, 1)
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("is set aside when it begins after the watermark", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      yield* createTopic("orders")
      yield* fill(orders, 10)
      yield* (yield* newProgram).once({ groupId: "another" })
      yield* fill(orders, 20)
      yield* bufferOnly(program)
      ;(yield* objects).delete(originalKey(orders, 0))
      yield* program.once()
      assert.deepStrictEqual([...program.disk.aside.keys()], [originalKey(orders, 10)])
      assert.deepStrictEqual(yield* coverage(folder), ["0-19 [0, 20)"])
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("may continue the archive with a chain of files", () =>
    Effect.gen(function*() {
      const [one, two] = [yield* newProgram, yield* newProgram]
      yield* createTopic("orders")
      yield* fill(orders, 10)
      yield* bufferOnly(one)
      yield* two.once({ groupId: "another" })
      yield* fill(orders, 16)
      yield* bufferOnly(two)
      for (const [name, file] of one.disk.files) two.disk.files.set(name, file)
      ;(yield* objects).clear()
      yield* fill(orders, 20)
      yield* two.once()
      assert.deepStrictEqual(yield* coverage(folder), ["0-9 [0, 10)", "10-19 [10, 20)"])
      assert.strictEqual(two.disk.files.size + two.disk.aside.size, 0)
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("goes where it belongs when the topic has been created again", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      const kafka = yield* Kafka
      yield* createTopic("orders")
      yield* fill(orders, 10)
      yield* program.once()
      yield* fill(orders, 20)
      yield* bufferOnly(program)
      yield* kafka.deleteTopics(["orders"])
      yield* createTopic("orders")
      yield* fill(orders, 4, "second")
      yield* program.once()
      assert.deepStrictEqual(yield* coverage(folder), ["0-9 [0, 10)", "10-19 [10, 20)"])
      assert.deepStrictEqual(yield* archivedOffsets("backup.generations/"), range(0, 4))
      assert.strictEqual(program.disk.files.size + program.disk.aside.size, 0)
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("gives way, and is kept, when the former life's key is taken by something else", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      const kafka = yield* Kafka
      yield* createTopic("orders")
      yield* fill(orders, 10)
      yield* bufferOnly(program)
      yield* forge(orders, 10)
      yield* kafka.deleteTopics(["orders"])
      yield* createTopic("orders")
      yield* fill(orders, 4, "second")
      yield* program.once()
      assert.deepStrictEqual([...program.disk.aside.keys()], [originalKey(orders, 0)])
      assert.deepStrictEqual(yield* archivedOffsets("backup.generations/"), range(0, 4))
    }).pipe(Effect.scoped, Effect.provide(shared)))
})
