import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Metric, Ref } from "effect"
import { unarchivedSeconds } from "../../services/Metrics.ts"
import { archived, archiveKeys, committed, createTopic } from "../support/BackupHarness.ts"
import { fill, forge, newProgram, originalKey, range, shared } from "../support/BackupPrograms.ts"
import type { Program } from "../support/BackupPrograms.ts"
import { archivedWhole, buffered, eventually, mostWhile, noise } from "../support/NoisyTopics.ts"
import { Bucket } from "../support/ObjectStoreMemory.ts"

const partitions = (topic: string, count: number) =>
  range(0, count).map((partition) => ({ topic, partition }))

const orders = { topic: "orders", partition: 0 }
const bound = 2 << 20
/** Open blocks and blocks in the queue may still come, a quarter of the bound each. */
const boundAndBlocks = bound * 1.5 + (1 << 17)

/** Runs it until so many bytes are buffered, and stops it. */
const bufferOnly = (program: Program, bytes: number) =>
  Effect.gen(function*() {
    const running = yield* program.start({ minFileSize: 1 << 30 })
    yield* eventually(Effect.sync(() => buffered(program.disk) >= bytes), "the buffer file")
    yield* Fiber.interrupt(running)
  })

describe("the bound of the disk buffer", () => {
  it.live(
    "holds while many partitions are written to and the store is slow",
    () =>
      Effect.gen(function*() {
        const program = yield* newProgram
        yield* createTopic("orders", 8)
        const sources = partitions("orders", 8)
        yield* Effect.forEach(sources, (source) => noise(source, 1000))
        yield* Ref.set((yield* Bucket).delay, "20 millis")
        const run = program.once({ minFileSize: 1 << 20, maxBufferBytes: bound })
        const most = yield* mostWhile(program.disk, run)
        assert.isAtMost(most, boundAndBlocks)
        assert.isTrue(yield* archivedWhole(sources, 1000))
      }).pipe(Effect.scoped, Effect.provide(shared)),
    120_000
  )

  it.live(
    "stops the fetching while the store is away, not the heartbeats nor the RPO",
    () =>
      Effect.gen(function*() {
        const program = yield* newProgram
        const { faults } = yield* Bucket
        yield* createTopic("orders", 3)
        const sources = partitions("orders", 3)
        yield* Effect.forEach(sources, (source) => noise(source, 2000))
        for (const _ of range(0, 1000)) {
          faults.push({ operation: "putIfAbsent", reason: "Unreachable" })
        }
        const options = { minFileSize: 1 << 30, maxBufferBytes: bound }
        const run = Effect.gen(function*() {
          const running = yield* program.start(options)
          yield* eventually(
            Effect.sync(() => buffered(program.disk) > bound / 2),
            "a buffer at its bound"
          )
          const rpo = yield* Metric.value(unarchivedSeconds)
          const beats = program.faults.calls("heartbeat")
          yield* eventually(
            Effect.gen(function*() {
              const { value } = yield* Metric.value(unarchivedSeconds)
              return value > rpo.value + 1 && program.faults.calls("heartbeat") > beats
            }),
            "heartbeats and a growing RPO"
          )
          assert.deepStrictEqual(yield* archiveKeys, [])
          assert.isAtMost(yield* committed(orders), 0)
          faults.length = 0
          yield* eventually(
            Effect.zipRight(Effect.either(program.flush), archivedWhole(sources, 2000)),
            "a whole archive"
          )
          yield* eventually(Effect.map(committed(orders), (at) => at === 2000), "the commit")
          yield* Fiber.interrupt(running)
        })
        assert.isAtMost(yield* mostWhile(program.disk, run), boundAndBlocks)
      }).pipe(Effect.scoped, Effect.provide(shared)),
    240_000
  )

  it.live("is kept by uploading the largest file first", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      yield* createTopic("orders", 3)
      const running = yield* program.start({ minFileSize: 1 << 30, maxBufferBytes: bound })
      const [small, large, middle] = partitions("orders", 3)
      if (small === undefined || large === undefined || middle === undefined) return
      yield* noise(small, 100)
      yield* noise(middle, 300)
      yield* eventually(Effect.sync(() => buffered(program.disk) > 400_000), "the smaller files")
      yield* noise(large, 1500)
      yield* eventually(Effect.map(archiveKeys, (keys) => keys.length > 0), "an upload")
      const puts = (yield* Bucket).calls.filter(([operation, key]) =>
        operation === "putIfAbsent" && key.endsWith(".avro")
      )
      assert.include(puts[0]?.[1], "orders/1/")
      yield* eventually(Effect.map(program.flush, () => true), "the rest")
      assert.isTrue(yield* archivedWhole([large], 1500))
      yield* Fiber.interrupt(running)
    }).pipe(Effect.scoped, Effect.provide(shared)), 240_000)

  it.live(
    "counts what others have left in the buffer, and uploads it",
    () =>
      Effect.gen(function*() {
        const program = yield* newProgram
        yield* createTopic("gone")
        yield* noise({ topic: "gone", partition: 0 }, 2500)
        yield* bufferOnly(program, 2_400_000)
        yield* createTopic("orders")
        yield* noise(orders, 2000)
        const only = { include: (topic: string) => topic === "orders", maxBufferBytes: bound }
        const running = yield* program.start({ ...only, minFileSize: 1 << 30 })
        yield* eventually(
          Effect.map(archiveKeys, (keys) => keys.some((key) => key.includes("/gone/"))),
          "the upload of the file that nobody continues"
        )
        yield* eventually(
          Effect.zipRight(Effect.either(program.flush), archivedWhole([orders], 2000)),
          "a whole archive"
        )
        yield* Fiber.interrupt(running)
      }).pipe(Effect.scoped, Effect.provide(shared)),
    120_000
  )

  it.live("is not used up by a file that the archive refuses", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      yield* createTopic("gone")
      yield* fill({ topic: "gone", partition: 0 }, 10)
      yield* noise({ topic: "gone", partition: 0 }, 2500)
      yield* bufferOnly(program, 2_400_000)
      const key = originalKey({ topic: "gone", partition: 0 }, 0)
      yield* forge({ topic: "gone", partition: 0 }, 10)
      yield* createTopic("orders")
      yield* noise(orders, 2000)
      const only = { include: (topic: string) => topic === "orders", maxBufferBytes: bound }
      const running = yield* program.start({ ...only, minFileSize: 1 << 19 })
      yield* eventually(
        Effect.zipRight(Effect.either(program.flush), archivedWhole([orders], 2000)),
        "a whole archive"
      )
      assert.isTrue(program.disk.files.has(key))
      assert.strictEqual((yield* archived(key))[0]?.value?.toString(), "forged 0")
      yield* Fiber.interrupt(running)
    }).pipe(Effect.scoped, Effect.provide(shared)), 240_000)
})
