import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { committed, createTopic } from "../support/BackupHarness.ts"
import { fill, newProgram, putOriginal, range, until } from "../support/BackupPrograms.ts"
import { buildMarker } from "../support/Batches.ts"
import {
  branch,
  cutBack,
  files,
  logOf,
  orders,
  restoresTheLog,
  underPrefix,
  valuesBelow,
  world
} from "../support/Forks.ts"
import { Cluster } from "../support/KafkaMemory.ts"
import { plan } from "../support/RestoreHarness.ts"

const other = { topic: "orders", partition: 1 }

/** An archive of `orders` in files that end at these offsets. */
const archiveUpTo = (...ends: ReadonlyArray<number>) =>
  Effect.gen(function*() {
    const program = yield* newProgram
    yield* createTopic("orders")
    for (const end of ends) {
      yield* fill(orders, end)
      yield* program.once()
    }
    return program
  })

const values = (tag: string, first: number, end: number) =>
  range(first, end).map((offset) => `${tag} ${offset}`)

describe("a log that was cut back while no backup ran", () => {
  it.live("and is longer than the archive again is archived as a branch from the last whole file on", () =>
    Effect.gen(function*() {
      const program = yield* archiveUpTo(13, 20)
      const before = yield* underPrefix
      yield* cutBack(18, 30)
      yield* program.once()
      assert.deepStrictEqual(yield* underPrefix, before)
      assert.deepStrictEqual(yield* files, [".1 13", "backup 0", "backup 13"])
      assert.deepStrictEqual(
        yield* valuesBelow(yield* branch(1)),
        [...values("value", 13, 18), ...values("again", 18, 30)]
      )
      assert.strictEqual(yield* committed(orders), 30)
      yield* restoresTheLog()
      yield* fill(orders, 40, "later")
      yield* program.once()
      assert.deepStrictEqual(yield* files, [".1 13", ".1 30", "backup 0", "backup 13"])
      yield* restoresTheLog()
    }).pipe(Effect.scoped, Effect.provide(world)))

  it.live("and is shorter than the archive is not ahead of it for ever", () =>
    Effect.gen(function*() {
      const program = yield* archiveUpTo(20)
      yield* cutBack(10, 10)
      yield* program.once()
      assert.deepStrictEqual(yield* files, [".1 0", "backup 0"])
      yield* restoresTheLog()
    }).pipe(Effect.scoped, Effect.provide(world)))

  it.live("at the first record of a file keeps that file, and restores the other records", () =>
    Effect.gen(function*() {
      const program = yield* archiveUpTo(10, 20)
      const before = yield* underPrefix
      yield* cutBack(10, 20)
      yield* program.once()
      assert.deepStrictEqual(yield* underPrefix, before)
      assert.deepStrictEqual(yield* files, [".1 10", "backup 0", "backup 10"])
      yield* restoresTheLog()
    }).pipe(Effect.scoped, Effect.provide(world)))

  it.live("again and again has a branch each time", () =>
    Effect.gen(function*() {
      const program = yield* archiveUpTo(10, 20, 30)
      yield* cutBack(25, 40, "second")
      yield* program.once()
      yield* restoresTheLog()
      yield* cutBack(35, 50, "third")
      yield* program.once()
      yield* restoresTheLog()
      yield* cutBack(5, 60, "fourth")
      yield* program.once()
      assert.deepStrictEqual(
        yield* files,
        [".1 20", ".2 20", ".3 0", "backup 0", "backup 10", "backup 20"]
      )
      yield* restoresTheLog()
    }).pipe(Effect.scoped, Effect.provide(world)))

  it.live("leaves the other partitions where they are", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      yield* createTopic("orders", 2)
      for (const source of [orders, other]) yield* fill(source, 20)
      yield* program.once()
      yield* cutBack(15, 30)
      yield* fill(other, 30)
      yield* program.once()
      assert.deepStrictEqual(yield* files, [".1 0", "backup 0", "backup 0", "backup 20"])
      yield* restoresTheLog()
    }).pipe(Effect.scoped, Effect.provide(world)))

  it.live("is found where the original wrote the archive, by the records", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      yield* createTopic("orders", 2)
      for (const source of [orders, other]) {
        yield* fill(source, 20)
        yield* putOriginal(source, range(0, 10))
        yield* putOriginal(source, range(10, 20))
      }
      yield* cutBack(15, 30)
      yield* program.once()
      assert.deepStrictEqual(
        yield* files,
        [".1 10", "backup 0", "backup 10", "backup 0", "backup 10"]
      )
      yield* restoresTheLog()
    }).pipe(Effect.scoped, Effect.provide(world)))

  for (const facts of ["facts", "no facts"]) {
    it.live(`keeps what retention has removed meanwhile, from a file with ${facts}`, () =>
      Effect.gen(function*() {
        const program = yield* newProgram
        yield* createTopic("orders", 2)
        for (const source of [orders, other]) {
          yield* fill(source, 20)
          if (facts !== "facts") yield* putOriginal(source, range(0, 20))
        }
        yield* program.once()
        const before = yield* underPrefix
        yield* cutBack(15, 30)
        ;(yield* logOf(orders)).deleteBefore(10n)
        yield* program.once()
        assert.deepStrictEqual(yield* underPrefix, before)
        assert.deepStrictEqual(yield* files, [".1 0", ".1 10", "backup 0", "backup 0"])
        assert.deepStrictEqual(
          yield* valuesBelow(yield* branch(1)),
          [...values("value", 0, 15), ...values("again", 15, 30)]
        )
        yield* restoresTheLog(values("value", 0, 10))
        yield* fill(orders, 40)
        yield* program.once()
        assert.include(yield* files, ".1 30")
      }).pipe(Effect.scoped, Effect.provide(world)))
  }

  it.live("stops its partition, and says why, when there is no prefix", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      yield* createTopic("orders")
      yield* fill(orders, 20)
      yield* program.once({ prefix: "" })
      yield* cutBack(15, 30)
      const { message } = yield* Effect.flip(program.once({ prefix: "" }))
      assert.match(message, /cut back after an unclean leader election.*set -s3-prefix/s)
    }).pipe(Effect.scoped, Effect.provide(world)))

  it.live("is no longer what a plan of before says", () =>
    Effect.gen(function*() {
      const program = yield* archiveUpTo(13, 20)
      yield* plan()
      yield* cutBack(18, 30)
      yield* program.once({ include: (topic) => topic === "orders" })
      const { message } = yield* Effect.flip(plan())
      assert.match(message, /0013\.avro, whose records have been written again/)
    }).pipe(Effect.scoped, Effect.provide(world)))
})

describe("a log that is cut back under a running backup", () => {
  it.live("though it has grown past the position again, is archived as a branch", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      yield* createTopic("orders")
      yield* fill(orders, 20)
      const running = yield* program.start()
      const buffered = until(Effect.sync(() => program.disk.files.size === 1), "the buffer")
      yield* buffered
      yield* program.flush
      yield* fill(orders, 30)
      yield* buffered
      yield* cutBack(25, 50)
      const root = yield* branch(1)
      yield* until(
        Effect.sync(() => [...program.disk.files.keys()].some((name) => name.startsWith(root))),
        "the branch"
      )
      yield* Effect.sleep("300 millis")
      yield* program.flush
      // What only the buffer held of the lost records is in the archive.
      assert.deepStrictEqual(yield* valuesBelow("backup"), values("value", 0, 30))
      assert.deepStrictEqual(yield* files, [".1 20", "backup 0", "backup 20"])
      assert.strictEqual(program.disk.files.size, 0)
      yield* restoresTheLog()
      yield* Fiber.interrupt(running)
    }).pipe(Effect.scoped, Effect.provide(world)))

  it.live("goes on in the branch that only the buffer holds, after the end of the process", () =>
    Effect.gen(function*() {
      const program = yield* archiveUpTo(13, 20)
      yield* cutBack(18, 30)
      const running = yield* program.start()
      yield* until(Effect.sync(() => program.disk.files.size === 1), "the buffer")
      yield* Effect.sleep("200 millis")
      yield* Fiber.interrupt(running)
      ;(yield* logOf(orders)).leaderEpoch++
      yield* fill(orders, 40, "after")
      yield* program.once()
      assert.deepStrictEqual(yield* files, [".1 13", "backup 0", "backup 13"])
      assert.strictEqual(program.disk.files.size, 0)
      yield* restoresTheLog()
    }).pipe(Effect.scoped, Effect.provide(world)))

  it.live("goes on where it is when a new leader has everything", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      yield* createTopic("orders")
      yield* fill(orders, 20)
      const running = yield* program.start()
      for (const end of [30, 40, 50]) {
        ;(yield* logOf(orders)).leaderEpoch += 2
        ;(yield* Cluster).changes.notify()
        yield* fill(orders, end)
        yield* until(
          Effect.gen(function*() {
            yield* program.flush
            return (yield* committed(orders)) === end
          }),
          "the commit"
        )
      }
      yield* Fiber.interrupt(running)
      ;(yield* logOf(orders)).leaderEpoch++
      yield* program.once()
      assert.isTrue((yield* files).every((file) => file.startsWith("backup ")))
      assert.deepStrictEqual(yield* valuesBelow("backup"), values("value", 0, 50))
    }).pipe(Effect.scoped, Effect.provide(world)))

  it.live("is not taken for one because markers of a later leader end the archive", () =>
    Effect.gen(function*() {
      const program = yield* archiveUpTo(20)
      const log = yield* logOf(orders)
      yield* fill(orders, 25)
      log.leaderEpoch++
      log.append(buildMarker("commit", { producerId: 7n }))
      yield* program.once()
      log.leaderEpoch++
      yield* fill(orders, 40)
      yield* program.once()
      assert.deepStrictEqual(yield* files, ["backup 0", "backup 20", "backup 26"])
    }).pipe(Effect.scoped, Effect.provide(world)))
})
