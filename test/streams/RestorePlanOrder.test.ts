import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { parseArchiveKey } from "../../src/domain/ArchiveKey.ts"
import { toPlanRecord } from "../../src/domain/Plan.ts"
import { buildBatch, plainRecord } from "../support/Batches.ts"
import { Cluster } from "../support/KafkaMemory.ts"
import {
  createTarget,
  plan,
  putRange,
  restore,
  restoredOffsets,
  world
} from "../support/RestoreHarness.ts"

const orders = { topic: "orders", partition: 0 }
const other = { topic: "orders", partition: 1 }
const topicsSha = "0".repeat(64)

/** A plan of one's own: each file with its index, in this order. */
const planByHand = (...files: ReadonlyArray<readonly [key: string, index: number]>) =>
  Effect.map(Cluster, (cluster) => {
    if (cluster.topics.find("plan") === undefined) cluster.topics.create("plan", 1)
    for (const [key, index] of files) {
      const archive = parseArchiveKey(key)
      if (archive === undefined) throw new Error(`no archive file: ${key}`)
      const record = toPlanRecord({ ...archive, archive, key, index, topicsSha })
      cluster.append({ topic: "plan", partition: 0 }, buildBatch([plainRecord(record)]))
    }
  })

const garbage = (value: string) =>
  Effect.map(Cluster, (cluster) => {
    const batch = buildBatch([plainRecord({ value: Buffer.from(value) })])
    cluster.append({ topic: "plan", partition: 0 }, batch)
  })

const committed = Effect.map(
  Cluster,
  (cluster) => cluster.group("restore").offsets.of({ topic: "plan", partition: 0 }).offset
)

const failuresOf = Effect.flatMap(
  Effect.flip(restore()),
  (error) =>
    error._tag === "RestoreIncomplete"
      ? Effect.succeed(
        error.failures.map(({ partition, reason, topic }) => `${topic}-${partition}: ${reason}`)
      )
      : Effect.die(error)
)

const files = Effect.gen(function*() {
  yield* createTarget("orders", 2)
  const keys = yield* Effect.forEach([0, 10, 20], (first) => putRange(orders, first, first + 9))
  return [keys[0]!, keys[1]!, keys[2]!, yield* putRange(other, 0, 9)] as const
})

describe("restoreTopics, following the plan", () => {
  it.live("takes a file that comes again for delivered again", () =>
    Effect.gen(function*() {
      const [first, second, third, otherFile] = yield* files
      yield* planByHand([first, 1], [second, 2], [first, 1], [second, 2], [third, 3])
      yield* planByHand([otherFile, 1], [first, 1])
      const restored = yield* restore()
      assert.lengthOf(restored.filter(({ skipped }) => skipped), 3)
      assert.strictEqual(yield* restoredOffsets(orders), "0-29")
      assert.strictEqual(yield* restoredOffsets(other), "0-9")
    }).pipe(Effect.provide(world)))

  it.live("stops a partition at a jump, and never commits past it", () =>
    Effect.gen(function*() {
      const [first, second, third, otherFile] = yield* files
      yield* planByHand([first, 1], [third, 3], [second, 2], [otherFile, 1])
      assert.deepStrictEqual(yield* failuresOf, [
        "restored.orders-0: the plan is out of order: index 3 follows index 1; plan into another plan topic"
      ])
      assert.strictEqual(yield* restoredOffsets(orders), "0-9")
      assert.strictEqual(yield* restoredOffsets(other), "0-9")
      assert.strictEqual(yield* committed, 1n)
    }).pipe(Effect.provide(world)))

  it.live("stops a partition whose plan goes back, or does not begin with its first file", () =>
    Effect.gen(function*() {
      const [first, second, , otherFile] = yield* files
      yield* planByHand([second, 1], [first, 2], [otherFile, 2])
      assert.deepStrictEqual(yield* failuresOf, [
        "restored.orders-0: the plan is out of order: index 2 begins at source offset 0, " +
        "its predecessors at 10; plan into another plan topic",
        "restored.orders-1: the plan is out of order: its first file for the partition has " +
        "index 2, not 1; plan into another plan topic"
      ])
      assert.strictEqual(yield* restoredOffsets(orders), "10-19")
      assert.strictEqual(yield* restoredOffsets(other), "")
    }).pipe(Effect.provide(world)))

  it.live("passes over what it has restored of a late file that continues its predecessors", () =>
    Effect.gen(function*() {
      const [first, second] = yield* files
      yield* planByHand([first, 1], [second, 2], [yield* putRange(orders, 5, 34), 3])
      const restored = yield* restore()
      assert.strictEqual(yield* restoredOffsets(orders), "0-34")
      assert.lengthOf(restored.filter(({ skipped }) => skipped), 0)
    }).pipe(Effect.provide(world)))

  it.live("stops a partition whose plan goes back behind a hole", () =>
    Effect.gen(function*() {
      const [first, , third] = yield* files
      yield* planByHand([first, 1], [third, 2], [yield* putRange(orders, 5, 34), 3])
      assert.match((yield* failuresOf)[0] ?? "", /index 3 begins at source offset 5, .* at 20;/)
      assert.strictEqual(yield* restoredOffsets(orders), "0-9 20-29")
    }).pipe(Effect.provide(world)))

  it.live("restores everything around garbage, and never commits past it", () =>
    Effect.gen(function*() {
      const [first, second, third, otherFile] = yield* files
      yield* planByHand([first, 1])
      yield* garbage("what is this")
      yield* planByHand([second, 2], [otherFile, 1], [third, 3])
      const [failure] = yield* failuresOf
      assert.match(
        failure ?? "",
        /^plan-0: plan record at plan-0 offset 1 is unusable: .*"what is this"/
      )
      assert.strictEqual(yield* restoredOffsets(orders), "0-29")
      assert.strictEqual(yield* restoredOffsets(other), "0-9")
      assert.strictEqual(yield* committed, 1n)
    }).pipe(Effect.provide(world)))

  it.live("charges a broken record to the partition that it names", () =>
    Effect.gen(function*() {
      const [first, second, , otherFile] = yield* files
      yield* planByHand([first, 1])
      yield* garbage(second)
      yield* planByHand([otherFile, 1])
      const [failure] = yield* failuresOf
      assert.match(
        failure ?? "",
        /^restored.orders-0: plan record at plan-0 offset 1 is unusable: its key null/
      )
      assert.strictEqual(yield* restoredOffsets(other), "0-9")
    }).pipe(Effect.provide(world)))

  it.live("says that the plan was deleted, or compacted", () =>
    Effect.gen(function*() {
      const [first, second] = yield* files
      yield* planByHand([first, 1], [second, 2])
      const { topics } = yield* Cluster
      topics.log({ topic: "plan", partition: 0 }).deleteBefore(1n)
      assert.match((yield* failuresOf)[0] ?? "", /^plan-0: .*OFFSET_OUT_OF_RANGE.*plan anew/)
      topics.find("plan")?.configs.set("cleanup.policy", "compact")
      assert.match((yield* Effect.flip(restore())).message, /cleanup.policy=compact/)
    }).pipe(Effect.provide(world)))

  it.live("restores everything beside a failed partition that has more files than it remembers", () =>
    Effect.gen(function*() {
      const [first] = yield* files
      yield* createTarget("many", 1)
      const many = { topic: "many", partition: 0 }
      const last = yield* putRange(many, 0, 9)
      const absent = (index: number) =>
        `backup/orders/0/orders-0-${String(1000 + index).padStart(19, "0")}.avro`
      yield* planByHand([first, 1])
      yield* planByHand(
        ...Array.from({ length: 6000 }, (_, at) => [absent(at), at + 2] as const)
      )
      yield* planByHand([last, 1])
      assert.match((yield* failuresOf)[0] ?? "", /restored.orders-0: .*not in the archive any more/)
      assert.strictEqual(yield* restoredOffsets(many), "0-9")
      assert.strictEqual(yield* committed, 1n)
    }).pipe(Effect.provide(world)))

  it.live("works with what the planner plans", () =>
    Effect.gen(function*() {
      yield* files
      yield* plan()
      yield* restore()
      assert.strictEqual(yield* restoredOffsets(orders), "0-29")
      assert.strictEqual(yield* committed, 4n)
    }).pipe(Effect.provide(world)))
})
