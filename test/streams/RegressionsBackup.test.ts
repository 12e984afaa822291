import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import type { OffsetToCommit } from "../../services/Kafka.ts"
import { makeCommitter } from "../../streams/backup/Committer.ts"
import { archiveKeys, committed, coverage, createTopic, objects } from "../support/BackupHarness.ts"
import type { Program } from "../support/BackupPrograms.ts"
import {
  archivedOffsets,
  fill,
  newProgram,
  originalKey,
  range,
  shared,
  until
} from "../support/BackupPrograms.ts"
import { failed } from "../support/kafka/MemoryFaults.ts"
import * as KafkaMemory from "../support/KafkaMemory.ts"

const orders = { topic: "orders", partition: 0 }
const other = { topic: "orders", partition: 1 }
const folder = "backup/orders/0/"
const firstKey = originalKey(orders, 0)

const buffered = ({ disk }: Program, files = 1) =>
  until(Effect.sync(() => disk.files.size === files && disk.open.size === 0), "the buffer")

const refusing = Effect.fail(failed("commitOffsets", "backup", "COORDINATOR_NOT_AVAILABLE"))

describe("a failure known from backups of topics:", () => {
  for (const restarted of [false, true]) {
    const when = restarted ? "after a restart without its disk" : "in the same process"
    it.live(`an object keeps its head when only the commit failed, and more records come ${when}`, () =>
      Effect.gen(function*() {
        const program = yield* newProgram
        yield* createTopic("orders")
        yield* fill(orders, 10)
        program.faults.before("commitOffsets", refusing)
        const running = yield* program.start()
        yield* buffered(program)
        assert.deepStrictEqual(yield* program.flush, { files: 1, committed: false })
        const before = (yield* objects).get(firstKey)
        assert.isBelow(yield* committed(orders), 1)
        if (restarted) yield* Fiber.interrupt(running)
        yield* fill(orders, 20)
        if (restarted) yield* (yield* newProgram).once()
        else {
          program.faults.heal()
          yield* until(Effect.map(program.flush, ({ files }) => files > 0), "the second file")
          yield* until(Effect.map(committed(orders), (offset) => offset === 20), "the commit")
          yield* Fiber.interrupt(running)
        }
        assert.strictEqual((yield* objects).get(firstKey), before)
        assert.deepStrictEqual(yield* coverage(folder), ["0-9 [0, 10)", "10-19 [10, 20)"])
        assert.strictEqual(yield* committed(orders), 20)
      }).pipe(Effect.scoped, Effect.provide(shared)))
  }

  for (const reachable of [true, false]) {
    const how = reachable ? "" : ", nor without Kafka at the start"
    it.live(`an older local file from before a crash does not replace a longer object${how}`, () =>
      Effect.gen(function*() {
        const crashed = yield* newProgram
        yield* createTopic("orders")
        yield* fill(orders, 10)
        const running = yield* crashed.start()
        yield* buffered(crashed)
        yield* Fiber.interrupt(running)
        yield* fill(orders, 20)
        yield* (yield* newProgram).once()
        const before = (yield* objects).get(firstKey)
        if (reachable) yield* crashed.once()
        else {
          crashed.faults.disconnect()
          yield* Effect.flip(crashed.once())
        }
        assert.strictEqual((yield* objects).get(firstKey), before)
        assert.deepStrictEqual(yield* coverage(folder), ["0-19 [0, 20)"])
        assert.strictEqual(crashed.disk.files.size, 0)
      }).pipe(Effect.scoped, Effect.provide(shared)))
  }

  it.live("a flush that races with the writes loses and doubles nothing", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      yield* createTopic("orders")
      const running = yield* program.start()
      yield* until(Effect.sync(() => program.faults.calls("fetch") > 0))
      for (const at of range(1, 31)) {
        yield* fill(orders, at * 7)
        yield* Effect.all([program.flush, Effect.sleep(at % 4)], { concurrency: 2 })
      }
      yield* until(
        Effect.zipRight(program.flush, Effect.map(committed(orders), (at) => at === 210)),
        "everything"
      )
      assert.deepStrictEqual(yield* archivedOffsets(folder), range(0, 210))
      yield* Fiber.interrupt(running)
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("a rebalance removes no buffer that is not yet uploaded", () =>
    Effect.gen(function*() {
      const [one, two] = [yield* newProgram, yield* newProgram]
      yield* createTopic("orders", 4)
      const all = range(0, 4).map((partition) => ({ topic: "orders", partition }))
      yield* Effect.forEach(all, (source) => fill(source, 10))
      const first = yield* one.start()
      yield* buffered(one, 4)
      const second = yield* two.start()
      yield* until(Effect.sync(() => two.disk.files.size > 0), "a share of the other member")
      assert.strictEqual(one.disk.files.size, 4)
      yield* Fiber.interruptAll([first, second])
      assert.strictEqual(one.disk.files.size, 4)
      assert.deepStrictEqual(yield* archiveKeys, [])
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live(
    "a replica that gets a partition back continues from the archive, not from its cache",
    () =>
      Effect.gen(function*() {
        const [one, two] = [yield* newProgram, yield* newProgram]
        yield* createTopic("orders")
        yield* fill(orders, 10)
        const running = yield* one.start()
        yield* buffered(one)
        const group = (yield* KafkaMemory.Cluster).group("backup")
        one.faults.disconnect()
        yield* group.leave("member-1")
        // Meanwhile another one has archived what it holds in its buffer, and more.
        yield* fill(orders, 30)
        yield* two.once()
        const joined = one.faults.calls("syncGroup")
        one.faults.heal()
        yield* until(Effect.sync(() => one.faults.calls("syncGroup") > joined), "its return")
        yield* fill(orders, 40)
        yield* until(
          Effect.zipRight(
            Effect.ignore(one.flush),
            Effect.map(committed(orders), (at) => at === 40)
          ),
          "everything"
        )
        assert.deepStrictEqual(yield* coverage(folder), ["0-29 [0, 30)", "30-39 [30, 40)"])
        assert.strictEqual(one.disk.files.size, 0)
        yield* Fiber.interrupt(running)
      }).pipe(Effect.scoped, Effect.provide(shared)),
    30_000
  )

  for (
    const [where, archivedBefore, readBefore] of [
      ["before all that is archived", 0, 0],
      ["between two files", 10, 0],
      ["inside a file", 10, 12]
    ] as const
  ) {
    it.live(`what retention has removed is kept when only one buffer has it, ${where}`, () =>
      Effect.gen(function*() {
        const [one, two] = [yield* newProgram, yield* newProgram]
        const { topics } = yield* KafkaMemory.Cluster
        const intoTheBuffer = (program: Program) =>
          Effect.gen(function*() {
            const running = yield* program.start()
            yield* buffered(program)
            yield* Fiber.interrupt(running)
          })
        yield* createTopic("orders")
        yield* fill(orders, archivedBefore)
        yield* (yield* newProgram).once()
        yield* fill(orders, readBefore)
        if (readBefore > 0) yield* intoTheBuffer(two)
        yield* fill(orders, 20)
        yield* intoTheBuffer(one)
        yield* fill(orders, 30)
        topics.log(orders).deleteBefore(20n)
        yield* two.once()
        yield* one.once()
        const offsets = (yield* archivedOffsets(folder)).sort((a, b) => a - b)
        assert.deepStrictEqual(offsets, range(0, 30))
        assert.strictEqual(one.disk.files.size + one.disk.aside.size, 0)
      }).pipe(Effect.scoped, Effect.provide(shared)))
  }

  it.live("an error for one partition in a fetch does not hide in, nor hold up, the others", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      const { topics } = yield* KafkaMemory.Cluster
      yield* createTopic("orders", 2)
      const running = yield* program.start()
      yield* until(Effect.sync(() => program.faults.calls("fetch") > 0))
      topics.log(orders).error = "KAFKA_STORAGE_ERROR"
      yield* Effect.forEach([orders, other], (source) => fill(source, 10))
      yield* buffered(program)
      yield* program.flush
      assert.strictEqual(yield* committed(other), 10)
      assert.isBelow(yield* committed(orders), 1)
      assert.deepStrictEqual(yield* archivedOffsets(folder), [])
      topics.log(orders).error = undefined
      yield* until(
        Effect.zipRight(program.flush, Effect.map(committed(orders), (at) => at === 10)),
        "the one that failed"
      )
      yield* Fiber.interrupt(running)
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("an error for one partition in a commit does not hide in the others", () =>
    Effect.gen(function*() {
      const sent: Array<ReadonlyArray<OffsetToCommit>> = []
      let error: string | undefined = "UNKNOWN_TOPIC_OR_PARTITION"
      const committer = yield* makeCommitter((offsets) =>
        Effect.sync(() => {
          sent.push(offsets)
          return offsets.map(({ partition, topic }) => (
            { topic, partition, error: partition === 1 ? error : undefined }
          ))
        })
      )
      const mark = (source: typeof orders) =>
        committer.mark({ ...source, offset: 10n, leaderEpoch: -1, metadata: null })
      mark(orders)
      mark(other)
      assert.isFalse(yield* committer.commit)
      error = undefined
      assert.isTrue(yield* committer.commit)
      assert.isTrue(yield* committer.commit)
      const partitions = sent.map((offsets) => offsets.map(({ partition }) => partition))
      assert.deepStrictEqual(partitions, [[0, 1], [1]])
    }))
})
