import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { archiveKeys, createTopic } from "../support/BackupHarness.ts"
import { archivedOffsets, newProgram, range, shared } from "../support/BackupPrograms.ts"
import type { Program } from "../support/BackupPrograms.ts"
import { archivedWhole, buffered, eventually, noise } from "../support/NoisyTopics.ts"
import { Bucket } from "../support/ObjectStoreMemory.ts"

const orders = { topic: "orders", partition: 0 }

/** Blocks so small that some are written, and no time at which a file would be closed. */
const busy = { minFileSize: 1 << 30, maxBufferBytes: 4 << 20, partitionIdleMs: 3_600_000 }

/** Bytes that a power failure would leave. */
const safe = ({ disk }: Program) =>
  [...disk.files.values()].reduce((sum, { synced }) => sum + (synced ?? 0), 0)

const written = ({ disk }: Program) => buffered(disk) > 500_000

describe("the disk buffer and a power failure", () => {
  it.live(
    "keeps what was written before the last interval, with Kafka gone",
    () =>
      Effect.gen(function*() {
        const program = yield* newProgram
        yield* createTopic("orders")
        yield* noise(orders, 1000)
        const running = yield* program.start({ ...busy, bufferSyncMs: 1 })
        const synced = Effect.sync(() =>
          written(program) && safe(program) === buffered(program.disk)
        )
        yield* eventually(synced, "a synced file")
        const after = yield* newProgram
        for (const [name, file] of program.disk.files) {
          const bytes = Buffer.from(file.bytes.subarray(0, file.synced))
          after.disk.files.set(name, { ...file, bytes })
        }
        after.faults.disconnect()
        yield* Effect.flip(after.once())
        const offsets = yield* archivedOffsets("backup/orders/0/")
        assert.isAbove(offsets.length, 400)
        assert.deepStrictEqual(offsets, range(0, offsets.length))
        yield* Fiber.interrupt(running)
      }).pipe(Effect.scoped, Effect.provide(shared)),
    120_000
  )

  it.live(
    "is not provided for while files are written to, unless asked for",
    () =>
      Effect.gen(function*() {
        const program = yield* newProgram
        yield* createTopic("orders")
        yield* noise(orders, 1000)
        const running = yield* program.start(busy)
        yield* eventually(Effect.sync(() => written(program)), "a file")
        yield* Effect.sleep("1500 millis")
        assert.strictEqual(safe(program), 0)
        yield* Fiber.interrupt(running)
        assert.isAbove(buffered(program.disk), 0)
        assert.strictEqual(safe(program), buffered(program.disk))
        assert.deepStrictEqual(yield* archiveKeys, [])
      }).pipe(Effect.scoped, Effect.provide(shared)),
    120_000
  )

  it.live("costs nothing of a file that the store does not take", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      const { faults } = yield* Bucket
      for (const _ of range(0, 1000)) {
        faults.push({ operation: "putIfAbsent", reason: "Unreachable" })
      }
      yield* createTopic("orders")
      yield* noise(orders, 1000)
      const running = yield* program.start({ ...busy, minFileSize: 500_000 })
      yield* eventually(
        Effect.sync(() => written(program) && safe(program) === buffered(program.disk)),
        "a synced file"
      )
      faults.length = 0
      yield* eventually(
        Effect.zipRight(Effect.either(program.flush), archivedWhole([orders], 1000)),
        "a whole archive"
      )
      yield* Fiber.interrupt(running)
    }).pipe(Effect.scoped, Effect.provide(shared)), 240_000)

  it.live("is not what stops a backup whose disk fails to sync once", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      yield* createTopic("orders")
      yield* noise(orders, 1000)
      program.disk.faults.push({ operation: "sync", reason: "Failed" })
      const running = yield* program.start({ ...busy, bufferSyncMs: 1 })
      yield* eventually(Effect.sync(() => program.disk.faults.length === 0), "the failure")
      yield* eventually(
        Effect.zipRight(Effect.either(program.flush), archivedWhole([orders], 1000)),
        "a whole archive"
      )
      yield* Fiber.interrupt(running)
    }).pipe(Effect.scoped, Effect.provide(shared)), 240_000)
})
