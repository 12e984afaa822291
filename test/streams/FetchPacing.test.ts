/** How often a backup asks a broker, and what it asks for, by the test's clock. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import type { FetchSession } from "../../services/FetchSession.ts"
import type { FetchedPartition } from "../../services/Kafka.ts"
import { Kafka } from "../../services/Kafka.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import type { FetchEnvironment } from "../../streams/backup/FetchLoop.ts"
import { fetchLoop } from "../../streams/backup/FetchLoop.ts"
import type { OwnedPartition } from "../../streams/backup/OwnedPartition.ts"
import { makeTakeIn } from "../../streams/backup/TakeIn.ts"
import { createTopic } from "../support/BackupHarness.ts"
import { batchOf } from "../support/contract/Fixtures.ts"
import * as KafkaMemory from "../support/KafkaMemory.ts"

const nothing: OwnedPartition["writer"] = {
  position: () => 0n,
  durable: () => 0n,
  waitingSinceMs: () => undefined,
  bufferedBytes: () => undefined,
  append: () => Effect.void,
  skipDeleted: () => {},
  rotate: Effect.succeed(0),
  park: Effect.void,
  stop: Effect.void,
  due: () => undefined
}

const ownedOf = (source: TopicPartition): OwnedPartition => ({
  ...source,
  topicId: "",
  writer: nothing,
  fail: () => {},
  markDurable: () => {},
  release: () => {},
  stopped: false,
  end: 0n,
  start: 0n,
  counts: { records: 0, bytes: 0 },
  committedBefore: -1n,
  fetchOffset: 0n,
  leader: 1,
  leaderEpoch: 0,
  readEpoch: -1,
  validEpoch: 0,
  notBeforeMs: 0,
  outstanding: 0,
  requestedFrom: -1,
  highWatermark: -1n,
  lastStableOffset: 0n,
  logStartOffset: 0n
})

const settings = { delayMs: 0, hurried: false, hasRoom: () => true, reached: () => Effect.void }

/** A loop over partitions of one topic, with what it asked for and was told, by milliseconds. */
const running = (partitions: number, changes: Partial<FetchEnvironment> = {}) =>
  Effect.gen(function*() {
    const [cluster, kafka] = [yield* KafkaMemory.Cluster, yield* Kafka]
    yield* createTopic("t", partitions)
    const sources = Array.from(
      { length: partitions },
      (_, partition) => ({ topic: "t", partition })
    )
    const owned = new Map(sources.map((each) => [topicPartitionName(each), ownedOf(each)]))
    const asked: Array<number> = []
    const told: Array<readonly [atMs: number, partitions: ReadonlyArray<number>]> = []
    const clock = yield* Effect.clock
    const now = () => clock.unsafeCurrentTimeMillis()
    const watched = (session: FetchSession): FetchSession => ({
      ...session,
      fetch: (wanted) =>
        Effect.tap(
          Effect.suspend(() => {
            asked.push(now())
            return session.fetch(wanted)
          }),
          ({ partitions }) => told.push([now(), partitions.map(({ partition }) => partition)])
        )
    })
    const taken: Array<FetchedPartition> = []
    const takeIn = makeTakeIn(Effect.void)
    yield* fetchLoop(1, {
      owned,
      takeIn: {
        ...takeIn,
        take: (_, fetched) => Effect.sync(() => taken.push(fetched))
      },
      ...settings,
      ...changes
    }).pipe(
      Effect.provideService(Kafka, {
        ...kafka,
        fetchSession: (chosen) => Effect.map(kafka.fetchSession(chosen), watched)
      }),
      Effect.forkScoped
    )
    const append = (partition: number, bytes = 10) =>
      cluster.append({ topic: "t", partition }, batchOf(["x".repeat(bytes)]))
    return { cluster, owned, asked, told, taken, append }
  })

const pass = (millis: number) => TestClock.adjust(millis)

describe("requests of a backup to a broker", () => {
  it.scoped("are two a second when nothing comes", () =>
    Effect.gen(function*() {
      const { asked, told } = yield* running(3)
      yield* pass(2000)
      assert.deepStrictEqual(asked, [0, 500, 1000, 1500, 2000])
      assert.deepStrictEqual(told, [[500, [0, 1, 2]], [1000, []], [1500, []], [2000, []]])
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.scoped("are no more than two a second when a little comes all the time", () =>
    Effect.gen(function*() {
      const { append, asked, told } = yield* running(3)
      for (let at = 0; at < 200; at++) {
        append(at % 3)
        yield* pass(10)
      }
      assert.deepStrictEqual(asked, [0, 500, 1000, 1500, 2000])
      assert.deepStrictEqual(told.map(([atMs]) => atMs), [0, 500, 1000, 1500, 2000])
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.scoped("follow large answers at once", () =>
    Effect.gen(function*() {
      const { append, asked } = yield* running(3)
      for (let at = 0; at < 20; at++) {
        append(at % 3, 100_000)
        yield* pass(10)
      }
      assert.isAtLeast(asked.length, 20)
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.scoped("follow small answers at once when there is more, or somebody waits for the end", () =>
    Effect.gen(function*() {
      const { append, asked, cluster, taken } = yield* running(1)
      // As from a log of small segments: each answer ends early.
      const log = cluster.topics.log({ topic: "t", partition: 0 })
      const read = log.read.bind(log)
      log.read = (offset, upper) => read(offset, upper, 1, true)
      for (let at = 0; at < 20; at++) append(0)
      yield* pass(10)
      assert.strictEqual(taken.length, 20)
      assert.strictEqual(asked.length, 20)
      yield* pass(490)
      assert.strictEqual(asked.length, 21)
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.scoped("follow small answers at once in a hurry", () =>
    Effect.gen(function*() {
      const { append, asked } = yield* running(1, { hurried: true })
      for (let at = 0; at < 20; at++) {
        append(0)
        yield* pass(10)
      }
      assert.isAtLeast(asked.length, 20)
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.scoped("are as far apart as the user wants", () =>
    Effect.gen(function*() {
      const { append, asked } = yield* running(1, { delayMs: 2000 })
      for (let at = 0; at < 100; at++) {
        append(0, 100_000)
        yield* pass(100)
      }
      assert.deepStrictEqual(asked, [0, 2000, 4000, 6000, 8000, 10_000])
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.scoped("tell a partition that is opened again all there is to know", () =>
    Effect.gen(function*() {
      const { asked, owned, told } = yield* running(2)
      yield* pass(600)
      const again = ownedOf({ topic: "t", partition: 1 })
      owned.set("t-1", again)
      yield* pass(600)
      assert.strictEqual(again.highWatermark, -1n)
      yield* pass(800)
      assert.deepStrictEqual(asked, [0, 500, 1000, 1500, 2000])
      assert.deepStrictEqual(told.map(([, partitions]) => partitions), [[0, 1], [], [0, 1], []])
      assert.strictEqual(again.highWatermark, 0n)
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.scoped("go on with a partition that is opened again and has no other beside it", () =>
    Effect.gen(function*() {
      const { append, owned, taken } = yield* running(1)
      yield* pass(600)
      const first = owned.get("t-0")
      if (first !== undefined) first.stopped = true
      owned.delete("t-0")
      yield* pass(5000)
      append(0)
      owned.set("t-0", ownedOf({ topic: "t", partition: 0 }))
      yield* pass(100)
      assert.strictEqual(taken.length, 1)
    }).pipe(Effect.provide(KafkaMemory.layer)))
})
