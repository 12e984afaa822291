/** What the pipelines tell of how far they are. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import type { ProgressBoard, TopicProgress } from "../../services/Progress.ts"
import { makeProgress, Progress } from "../../services/Progress.ts"
import { restoreTopics } from "../../streams/RestoreTopics.ts"
import { verifyArchive } from "../../streams/VerifyArchive.ts"
import * as Backup from "../support/BackupHarness.ts"
import { Bucket } from "../support/ObjectStoreMemory.ts"
import {
  createTarget,
  plan,
  putRange,
  restore,
  restoreOptions,
  world
} from "../support/RestoreHarness.ts"

const orders = { topic: "orders", partition: 0 }
const payments = { topic: "payments", partition: 1 }

const counting = <A, E, R>(work: Effect.Effect<A, E, R>) => {
  const board = makeProgress()
  return Effect.map(Effect.provideService(work, Progress, board), (result) => ({ board, result }))
}

const read = (board: ProgressBoard): Record<string, TopicProgress> =>
  Object.fromEntries(board.read().topics.map((each) => [each.topic, each]))

describe("a restore", () => {
  const planned = Effect.gen(function*() {
    yield* putRange(orders, 0, 49)
    yield* putRange(orders, 50, 99)
    yield* putRange(payments, 0, 24)
    yield* createTarget("orders", 1)
    yield* createTarget("payments", 2)
    yield* plan({ planTopicPartitions: 3 })
  })

  it.live("counts what is acknowledged, and files up to those planned", () =>
    Effect.gen(function*() {
      yield* planned
      const { board, result } = yield* counting(restore())
      const bytesOf = (topic: string) =>
        result.filter((file) => file.topic === topic).reduce((sum, { bytes }) => sum + bytes, 0)
      assert.isAbove(bytesOf("restored.orders"), 500)
      assert.deepStrictEqual(read(board), {
        "restored.orders": {
          topic: "restored.orders",
          records: 100,
          bytes: bytesOf("restored.orders"),
          done: 2,
          earlier: 0,
          total: 2
        },
        "restored.payments": {
          topic: "restored.payments",
          records: 25,
          bytes: bytesOf("restored.payments"),
          done: 1,
          earlier: 0,
          total: 1
        }
      })
      assert.isTrue(board.read().complete)
    }).pipe(Effect.provide(world)))

  it.live("knows all files when the first of them is restored", () =>
    Effect.gen(function*() {
      for (let file = 0; file < 30; file++) yield* putRange(orders, file * 10, file * 10 + 9)
      yield* createTarget("orders", 1)
      yield* plan()
      const seen: Array<readonly [done: number, total: number | null]> = []
      const board = makeProgress()
      yield* Stream.runForEach(restoreTopics(restoreOptions()), () =>
        Effect.sync(() => {
          for (const { done, total } of board.read().topics) seen.push([done, total])
        })).pipe(Effect.provideService(Progress, board))
      assert.deepStrictEqual([...new Set(seen.map(([, total]) => total))], [30])
      const done = seen.map(([done]) => done)
      assert.deepStrictEqual(done, done.toSorted((one, other) => one - other))
    }).pipe(Effect.provide(world)))

  it.live("what was restored before is done, and no work", () =>
    Effect.gen(function*() {
      yield* planned
      yield* restore()
      const skipped = yield* counting(restore({ groupId: "another" }))
      const { ["restored.orders"]: found } = read(skipped.board)
      assert.deepStrictEqual(
        [found?.records, found?.bytes, found?.done, found?.earlier, found?.total],
        [0, 0, 2, 2, 2]
      )
      yield* putRange(orders, 100, 109)
      yield* plan({ planTopicPartitions: 3 })
      // The group is behind both: the plan begins with the third file for it.
      const { board } = yield* counting(restore())
      const { ["restored.orders"]: after } = read(board)
      assert.deepStrictEqual(
        [after?.records, after?.done, after?.earlier, after?.total],
        [10, 3, 2, 3]
      )
    }).pipe(Effect.provide(world)))

  it.live("a partition that fails is not done", () =>
    Effect.gen(function*() {
      yield* planned
      const { objects } = yield* Bucket
      objects.delete("backup/orders/0/orders-0-0000000000000000050.avro")
      const board = makeProgress()
      yield* Effect.flip(Effect.provideService(restore(), Progress, board))
      const { ["restored.orders"]: found } = read(board)
      assert.deepStrictEqual([found?.records, found?.done, found?.total], [50, 1, 2])
    }).pipe(Effect.provide(world)))
})

describe("a look at the whole archive", () => {
  const verify = Stream.runDrain(verifyArchive({ prefix: "backup", topic: undefined }))

  it.live("has read what the listing says, also of damaged files", () =>
    Effect.gen(function*() {
      for (const first of [0, 50, 100]) yield* putRange(orders, first, first + 49)
      const key = yield* putRange(payments, 0, 99)
      const { objects } = yield* Bucket
      const whole = objects.get(key)!
      const bytes = Buffer.from(whole.bytes)
      bytes.fill(7, bytes.length - 60, bytes.length - 30)
      objects.set(key, { ...whole, bytes })
      const sizeOf = (topic: string) =>
        [...objects].filter(([name]) => name.startsWith(`backup/${topic}/`))
          .reduce((sum, [, { bytes }]) => sum + bytes.length, 0)
      const { board } = yield* counting(verify)
      const { orders: sound, payments: damaged } = read(board)
      const size = sizeOf("orders")
      assert.deepStrictEqual(sound, {
        topic: "orders",
        records: 150,
        bytes: size,
        done: size,
        earlier: 0,
        total: size
      })
      assert.isBelow(damaged?.records ?? 0, 100)
      assert.deepStrictEqual(
        [damaged?.done, damaged?.total],
        [sizeOf("payments"), sizeOf("payments")]
      )
      assert.isTrue(board.read().complete)
    }).pipe(Effect.provide(world)))
})

describe("a backup", () => {
  it.live("with -once counts records, and offsets up to the end of each partition", () =>
    Effect.gen(function*() {
      yield* Backup.createTopic("orders")
      yield* Backup.createTopic("payments", 2)
      yield* Backup.append(orders, 20)
      yield* Backup.backup()
      yield* Backup.append(orders, 30)
      yield* Backup.append(payments, 5)
      const { board } = yield* counting(Backup.backup({ groupId: "another" }))
      const { orders: first, payments: second } = read(board)
      assert.deepStrictEqual([first?.records, first?.done, first?.total], [30, 30, 30])
      assert.deepStrictEqual([second?.records, second?.done, second?.total], [5, 5, 5])
      assert.isAbove(first?.bytes ?? 0, second?.bytes ?? 0)
      assert.isTrue(board.read().complete)
    }).pipe(Effect.provide(Backup.world)))
})
