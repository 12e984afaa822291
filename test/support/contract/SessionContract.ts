/** What every Kafka layer must do with fetch sessions. */
import type { Vitest } from "@effect/vitest"
import { assert } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import type { FetchSession, WantedPartition } from "../../../services/FetchSession.ts"
import { Kafka } from "../../../services/Kafka.ts"
import { nextFetchOffset } from "../../../src/codec/RecordBatch.ts"
import type { SecondClient } from "./Fixtures.ts"
import { batchOf, createTopic, leaderOf, patiently, produce, until } from "./Fixtures.ts"

interface Followed extends WantedPartition {
  fetchOffset: bigint
}

/** Partitions of one broker, each with one record, and a session there. */
const newSession = (count: number, maxBytes = 1 << 24) =>
  Effect.gen(function*() {
    const kafka = yield* Kafka
    const topics = yield* Effect.forEach(Array.from({ length: count }), () => createTopic())
    const all = topics.map((topic): Followed => (
      { topic, partition: 0, fetchOffset: 0n, leaderEpoch: -1 }
    ))
    const leaders = yield* Effect.forEach(all, leaderOf)
    const broker = leaders[0] ?? -1
    const followed = all.filter((_, at) => leaders[at] === broker)
    for (const each of followed) yield* produce(each, batchOf(["first"]))
    const session = yield* kafka.fetchSession({
      broker,
      partitionBytes: 1 << 20,
      maxWaitMs: 300,
      minBytes: 1,
      maxBytes,
      isolation: "read_committed"
    })
    return { session, followed }
  })

/** Fetches once and moves on; topics that were told of. */
const step = (session: FetchSession, followed: ReadonlyArray<Followed>) =>
  Effect.map(patiently(session.fetch(followed)), ({ partitions }) =>
    partitions.map((fetched) => {
      const partition = followed.find(({ topic }) => topic === fetched.topic)
      const next = fetched.records.length === 0
        ? undefined
        : nextFetchOffset(fetched.records, fetched)
      if (partition !== undefined && next !== undefined) partition.fetchOffset = next
      return fetched
    }))

const topicsOf = (partitions: ReadonlyArray<{ readonly topic: string }>) =>
  partitions.map(({ topic }) => topic).sort()

/** Until everything there is has been read. */
const readAll = (session: FetchSession, followed: ReadonlyArray<Followed>, upTo = 1n) =>
  until(
    step(session, followed),
    () => followed.every(({ fetchOffset }) => fetchOffset >= upTo)
  )

export const sessionContract = (it: Vitest.MethodsNonLive<Kafka | SecondClient, true>): void => {
  it.scoped("tells of each partition once, then of those with something new", () =>
    Effect.gen(function*() {
      const { followed, session } = yield* newSession(6)
      const [quiet, busy] = followed
      if (quiet === undefined || busy === undefined) return assert.fail("one broker leads two")
      const first = yield* step(session, followed)
      assert.deepStrictEqual(topicsOf(first), topicsOf(followed))
      yield* readAll(session, followed)
      assert.isTrue(session.follows(quiet))
      assert.deepStrictEqual(topicsOf(yield* step(session, followed)), [])
      yield* produce(busy, batchOf(["second"]))
      const [told, ...others] = yield* step(session, followed)
      assert.deepStrictEqual([told?.topic, others.length], [busy.topic, 0])
      assert.isAbove(told?.records.length ?? 0, 0)
      assert.strictEqual(told?.highWatermark, 2n)
      assert.strictEqual(busy.fetchOffset, 2n)
      assert.deepStrictEqual(topicsOf(yield* step(session, followed)), [])
    }))

  it.scoped("forgets a partition left out of a request, and tells of it in full when it is back", () =>
    Effect.gen(function*() {
      const { followed, session } = yield* newSession(6)
      const [away, ...rest] = followed
      if (away === undefined || rest.length === 0) return assert.fail("one broker leads two")
      yield* readAll(session, followed)
      yield* produce(away, batchOf(["unwanted"]))
      assert.deepStrictEqual(topicsOf(yield* step(session, rest)), [])
      assert.isFalse(session.follows(away))
      yield* readAll(session, [away], 2n)
      const told = yield* step(session, followed)
      assert.deepStrictEqual(topicsOf(told), topicsOf(rest))
      assert.isTrue(
        told.every(({ error, highWatermark, records }) =>
          error === undefined && highWatermark === 1n && records.length === 0
        )
      )
    }))

  it.scoped("brings what did not fit with the next answers", () =>
    Effect.gen(function*() {
      const { followed, session } = yield* newSession(6, 1)
      for (const _ of followed) {
        const told = yield* step(session, followed)
        assert.strictEqual(told.filter(({ records }) => records.length > 0).length, 1)
      }
      assert.isTrue(followed.every(({ fetchOffset }) => fetchOffset === 1n))
    }))

  it.scoped("tells an error until it is over", () =>
    Effect.gen(function*() {
      const { followed: [partition], session } = yield* newSession(1)
      if (partition === undefined) return assert.fail("no partition")
      yield* readAll(session, [partition])
      partition.fetchOffset = 99n
      for (let times = 0; times < 2; times++) {
        const [told] = yield* step(session, [partition])
        assert.strictEqual(told?.error, "OFFSET_OUT_OF_RANGE")
      }
      partition.fetchOffset = 1n
      const [told] = yield* step(session, [partition])
      assert.deepStrictEqual([told?.error, told?.highWatermark], [undefined, 1n])
      assert.deepStrictEqual(yield* step(session, [partition]), [])
    }))

  it.scoped("goes on in full after an interruption", () =>
    Effect.gen(function*() {
      const { followed, session } = yield* newSession(3)
      yield* readAll(session, followed)
      const waiting = yield* Effect.fork(session.fetch(followed))
      yield* Effect.sleep("50 millis")
      yield* Fiber.interrupt(waiting)
      const told = yield* step(session, followed)
      assert.deepStrictEqual(topicsOf(told), topicsOf(followed))
      for (const each of followed) yield* produce(each, batchOf(["more"]))
      yield* readAll(session, followed, 2n)
    }))

  it.scoped("tells of everything again when asked to forget", () =>
    Effect.gen(function*() {
      const { followed, session } = yield* newSession(3)
      yield* readAll(session, followed)
      session.forget()
      const told = yield* step(session, followed)
      assert.deepStrictEqual(topicsOf(told), topicsOf(followed))
      assert.deepStrictEqual(yield* step(session, followed), [])
    }))

  it.scoped("keeps sessions apart, and ends with its scope", () =>
    Effect.gen(function*() {
      const { followed, session } = yield* newSession(2)
      yield* readAll(session, followed)
      const other = yield* Effect.scoped(Effect.flatMap(newSession(2), (one) =>
        Effect.as(readAll(one.session, one.followed), one.followed)))
      assert.isNotEmpty(other)
      assert.deepStrictEqual(yield* step(session, followed), [])
    }))
}
