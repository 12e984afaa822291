import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Ref } from "effect"
import { archiveKeys, committed, createTopic } from "../support/BackupHarness.ts"
import {
  archivedOffsets,
  fill,
  newProgram,
  range,
  shared,
  until
} from "../support/BackupPrograms.ts"
import type { Program } from "../support/BackupPrograms.ts"
import * as KafkaMemory from "../support/KafkaMemory.ts"
import { Bucket, isDefinitions } from "../support/ObjectStoreMemory.ts"

const partitions = range(0, 4).map((partition) => ({ topic: "orders", partition }))
const fillAll = (end: number) => Effect.forEach(partitions, (source) => fill(source, end))

/** Flushes until everything below `end` is committed. */
const settle = (programs: ReadonlyArray<Program>, end: number) =>
  until(
    Effect.gen(function*() {
      yield* Effect.forEach(programs, ({ flush }) => flush)
      const offsets = yield* Effect.forEach(partitions, (source) => committed(source))
      return offsets.every((offset) => offset === end)
    }),
    `everything to ${end}`
  )

const expectAll = (end: number) =>
  Effect.forEach(
    range(0, 4),
    (partition) =>
      Effect.map(archivedOffsets(`backup/orders/${partition}/`), (offsets) => {
        assert.deepStrictEqual(offsets, range(0, end), `partition ${partition}`)
      })
  )

describe("members of one group", () => {
  it.live(
    "share the partitions, and lose and double nothing when one comes and goes",
    () =>
      Effect.gen(function*() {
        const [one, two] = [yield* newProgram, yield* newProgram]
        yield* createTopic("orders", 4)
        yield* fillAll(10)
        const first = yield* one.start()
        yield* until(Effect.sync(() => one.disk.files.size === 4))
        const second = yield* two.start()
        yield* until(Effect.sync(() => two.disk.files.size > 0))
        yield* fillAll(20)
        yield* Effect.sleep("300 millis")
        yield* settle([one, two], 20)
        yield* fillAll(25)
        yield* until(Effect.sync(() => two.disk.files.size > 0))
        yield* Fiber.interrupt(second)
        // What the one that left had buffered is fetched again, and its buffer is kept.
        assert.isAbove(two.disk.files.size, 0)
        yield* fillAll(30)
        yield* settle([one], 30)
        yield* expectAll(30)
        const third = yield* two.start()
        yield* until(Effect.sync(() => two.faults.calls("syncGroup") > 2))
        yield* fillAll(40)
        yield* Effect.sleep("300 millis")
        yield* settle([one, two], 40)
        yield* expectAll(40)
        yield* until(Effect.map(two.flush, () => two.disk.files.size === 0))
        yield* Fiber.interruptAll([first, third])
      }).pipe(Effect.scoped, Effect.provide(shared)),
    30_000
  )

  it.live(
    "that was dropped keeps its buffer, commits nothing, and continues when it is back",
    () =>
      Effect.gen(function*() {
        const [one, two] = [yield* newProgram, yield* newProgram]
        yield* createTopic("orders", 4)
        yield* fillAll(10)
        const first = yield* one.start()
        yield* until(Effect.sync(() => one.disk.files.size === 4))
        // The coordinator gives up on it while it cannot say anything.
        one.faults.disconnect()
        yield* (yield* KafkaMemory.Cluster).group("backup").leave("member-1")
        yield* Effect.sleep("100 millis")
        yield* Fiber.interrupt(first)
        assert.strictEqual(one.disk.files.size, 4)
        yield* fillAll(15)
        yield* two.once()
        assert.deepStrictEqual(yield* Effect.forEach(partitions, (source) => committed(source)), [
          15,
          15,
          15,
          15
        ])
        one.faults.heal()
        yield* fillAll(20)
        yield* one.once()
        yield* expectAll(20)
        assert.strictEqual(one.disk.files.size + one.disk.aside.size, 0)
      }).pipe(Effect.scoped, Effect.provide(shared)),
    30_000
  )

  it.live("of which one cannot upload hand over all the same", () =>
    Effect.gen(function*() {
      const [one, two] = [yield* newProgram, yield* newProgram]
      yield* createTopic("orders", 4)
      const bucket = yield* Bucket
      const first = yield* one.start({ minFileSize: 1 })
      yield* fillAll(1)
      yield* until(Effect.map(archiveKeys, (keys) => keys.length === 4), "the first uploads")
      bucket.calls.length = 0
      yield* Ref.set(bucket.delay, "1 hour")
      yield* fillAll(10)
      yield* until(Effect.sync(() =>
        bucket.calls.some(([call, key]) => call === "putIfAbsent" && !isDefinitions(key))
      ))
      const second = yield* two.start()
      yield* until(
        Effect.sync(() =>
          two.faults.calls("listOffsets") > 0
        ),
        "the handover"
      )
      yield* Ref.set(bucket.delay, 0)
      yield* Fiber.interruptAll([first, second])
      yield* one.once()
      yield* two.once()
      yield* expectAll(10)
    }).pipe(Effect.scoped, Effect.provide(shared)), 30_000)
})
