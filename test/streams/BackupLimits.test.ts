import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Ref, TestClock } from "effect"
import { Kafka } from "../../services/Kafka.ts"
import { BufferPool } from "../../src/codec/BufferPool.ts"
import { readFetched } from "../../src/codec/FetchedBatches.ts"
import { blockBytes, makeBlockBuilder } from "../../streams/backup/BlockBuilder.ts"
import { makeOpenBlocks } from "../../streams/backup/OpenBlocks.ts"
import { archiveKeys, committed, coverage, createTopic } from "../support/BackupHarness.ts"
import { fill, newProgram, range, shared, until } from "../support/BackupPrograms.ts"
import { buildBatch, plainRecord } from "../support/Batches.ts"
import { Bucket } from "../support/ObjectStoreMemory.ts"

const orders = { topic: "orders", partition: 0 }
const folder = "backup/orders/0"

/** Lets seconds of the test's clock pass while the threads that compress do their work. */
const pass = (seconds: number) =>
  Effect.repeatN(
    Effect.zipRight(
      TestClock.adjust("1 second"),
      Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 5)))
    ),
    seconds - 1
  )

describe("limits", () => {
  it.live("a partition of many has blocks so small that all of them stay within the bound", () =>
    Effect.gen(function*() {
      const limit = 100_000
      const openBlocks = makeOpenBlocks(limit)
      let finished = 0
      const builders = range(0, 50).map((partition) =>
        makeBlockBuilder({
          source: { topic: "orders", partition },
          start: 0n,
          pool: new BufferPool(blockBytes, blockBytes),
          openBlocks,
          onBlock: ({ block }) => (finished += block.bytes.length),
          onTail: () => undefined
        })
      )
      const largest = Buffer.alloc(1500)
      let most = 0
      for (const round of range(0, 40)) {
        for (const [at, builder] of builders.entries()) {
          const value = largest.subarray(0, 100 + (at * 37 + round * 91) % 1400)
          const records = buildBatch([plainRecord({ value })], { baseOffset: BigInt(round) })
          const fetched = { topic: "orders", partition: at, records, aborted: [] }
          for (const outcome of yield* readFetched(fetched, 0n)) builder.take(outcome)
          most = Math.max(most, openBlocks.bytes())
        }
      }
      assert.isBelow(most, limit * 1.2)
      for (const builder of builders) builder.close()
      assert.strictEqual(openBlocks.bytes(), 0)
      assert.isAbove(finished, 10 * limit)
    }))

  it.live("a thousand partitions are opened with a handful of requests", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      yield* createTopic("orders", 1000)
      yield* Effect.forEach(range(0, 10), (at) => fill({ topic: "orders", partition: at * 99 }, 3))
      yield* program.once()
      assert.strictEqual(program.faults.calls("listOffsets"), 3)
      assert.strictEqual(program.faults.calls("fetchOffsets"), 1)
      assert.isAtMost(program.faults.calls("metadata"), 5)
      assert.lengthOf(yield* archiveKeys, 10)
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("a full disk stops a partition, commits nothing, and is forgiven", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      yield* createTopic("orders")
      yield* Ref.set(program.disk.space, 10)
      yield* fill(orders, 10)
      const running = yield* program.start()
      yield* Effect.sleep("2500 millis")
      assert.include(yield* Effect.flip(program.flush), "no space left")
      assert.deepStrictEqual(yield* archiveKeys, [])
      assert.isAtMost(yield* committed(orders), 0)
      yield* Ref.set(program.disk.space, 1 << 30)
      yield* until(Effect.zipRight(
        Effect.either(program.flush),
        Effect.map(committed(orders), (offset) => offset === 10)
      ))
      assert.deepStrictEqual(yield* coverage(folder), ["0-9 [0, 10)"])
      assert.strictEqual(yield* committed(orders), 10)
      yield* Fiber.interrupt(running)
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.effect("a flush gives up on a store that fails at every try, and the upload goes on", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      const bucket = yield* Bucket
      yield* createTopic("orders")
      yield* fill(orders, 10)
      const running = yield* program.start()
      yield* pass(4)
      assert.strictEqual(program.disk.files.size, 1)
      for (const _ of range(0, 1000)) {
        bucket.faults.push({ operation: "putIfAbsent", reason: "Unreachable" })
      }
      const flushing = yield* Effect.fork(Effect.flip(program.flush))
      yield* pass(40)
      assert.include(yield* Fiber.join(flushing), "not everything is uploaded, the store fails")
      assert.strictEqual(yield* committed(orders), 0)
      bucket.faults.length = 0
      yield* pass(30)
      assert.deepStrictEqual(yield* coverage(folder), ["0-9 [0, 10)"])
      assert.strictEqual(yield* committed(orders), 10)
      yield* Fiber.interrupt(running)
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.effect("a partition that is added is taken in", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      const kafka = yield* Kafka
      yield* createTopic("orders")
      const running = yield* program.start({ minFileSize: 1 })
      yield* pass(3)
      yield* kafka.createPartitions("orders", 2)
      yield* fill({ topic: "orders", partition: 1 }, 5)
      yield* pass(40)
      assert.deepStrictEqual(yield* coverage("backup/orders/1"), ["0-4 [0, 5)"])
      yield* Fiber.interrupt(running)
    }).pipe(Effect.scoped, Effect.provide(shared)))
})
