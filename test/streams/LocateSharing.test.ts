import { assert, describe, it } from "@effect/vitest"
import { Effect, Either } from "effect"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import type { LocateTarget } from "../../streams/translate/Locate.ts"
import { locateAll } from "../../streams/translate/Locate.ts"
import { makeSharedFetch } from "../../streams/translate/SharedFetch.ts"
import { buildBatch, plainRecord } from "../support/Batches.ts"
import * as KafkaMemory from "../support/KafkaMemory.ts"
import { Cluster, KafkaFaults } from "../support/KafkaMemory.ts"
import { RestoredLog } from "../support/RestoredLog.ts"

const topic = "restored.orders"

/** Partitions of so many batches each; a record of a large one has 300 kB, of a small one 1 kB. */
const books = (partitions: number, batches: number, large: (partition: number) => boolean) =>
  Effect.map(Cluster, (cluster) => {
    const { logs } = cluster.topics.create(topic, partitions)
    return logs.map((log, partition) => {
      const book = new RestoredLog(log)
      for (let batch = 0; batch < batches; batch++) {
        const gap = 1 + (batch * 7 + partition) % 5 ** (batch % 5)
        book.write([gap, 1, 2, 1], large(partition) ? 300_000 : 1000)
      }
      return book
    })
  })

const targetsOf = (all: ReadonlyArray<RestoredLog>): ReadonlyArray<LocateTarget> =>
  all.map(({ source }, partition) => ({
    target: { topic, partition },
    wanted: [3n, 10n, source / 2n, source - 3n, source, source + 1n]
  }))

/** Requests that it takes to find all, each answer checked against the truth. */
const requestsFor = (all: ReadonlyArray<RestoredLog>) =>
  Effect.gen(function*() {
    const fetch = yield* makeSharedFetch
    const targets = targetsOf(all)
    const located = yield* locateAll(fetch, targets)
    assert.strictEqual(located.size, all.length)
    for (const [at, { target, wanted }] of targets.entries()) {
      const answer = located.get(topicPartitionName(target))
      assert.deepStrictEqual(answer, Either.right(all[at]!.truth(wanted)))
    }
    return fetch.stats().fetches
  }).pipe(Effect.scoped)

describe("locateAll", () => {
  it.effect("shares requests between the partitions of a broker", () =>
    Effect.gen(function*() {
      const alone = yield* requestsFor(yield* books(1, 200, () => false))
      yield* Effect.map(Cluster, (cluster) => cluster.topics.remove(topic))
      const together = yield* requestsFor(yield* books(100, 200, () => false))
      assert.isAtMost(together, 2 * alone, `one partition took ${alone}`)
      const faults = yield* KafkaFaults
      assert.isAtMost(faults.calls("listOffsets"), 4)
      assert.isAtMost(faults.calls("metadata"), 2)
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.effect("gets batches of a megabyte beside small ones", () =>
    Effect.gen(function*() {
      const all = yield* books(51, 30, (partition) => partition === 30)
      assert.isAtMost(yield* requestsFor(all), 40)
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.effect("gets batches of a megabyte everywhere", () =>
    Effect.gen(function*() {
      const all = yield* books(30, 6, () => true)
      assert.isAtMost(yield* requestsFor(all), 60)
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.live("asks each leader, and goes on when leaders move and answers get lost", () =>
    Effect.gen(function*() {
      const all = yield* books(10, 50, () => false)
      const faults = yield* KafkaFaults
      faults.fail("metadata", "CONNECTION_FAILED")
      faults.fail("listOffsets", "REQUEST_TIMED_OUT")
      faults.fail("fetch", "CONNECTION_FAILED")
      faults.loseAnswer("fetch", "REQUEST_TIMED_OUT")
      let calls = 0
      faults.before(
        "fetch",
        Effect.sync(() => {
          if (++calls === 5) all[3]!.log.leader = all[3]!.log.leader === 1 ? 2 : 1
        })
      )
      yield* requestsFor(all)
    }).pipe(Effect.provide(KafkaMemory.layerOf(2))))

  it.live("names the partition that fails, and finds the others", () =>
    Effect.gen(function*() {
      const all = yield* books(5, 20, () => false)
      all[1]!.log.error = "TOPIC_AUTHORIZATION_FAILED"
      const damaged = buildBatch([plainRecord(), plainRecord({ offsetDelta: 1 })])
      damaged[damaged.length - 1]! ^= 1
      all[2]!.log.append(damaged)
      const fetch = yield* makeSharedFetch
      const located = yield* locateAll(fetch, targetsOf(all))
      const errors = [...located].map(([name, one]) =>
        Either.isLeft(one) ? `${name} ${one.left._tag} ${one.left.reason}` : `${name} found`
      )
      assert.deepStrictEqual(errors, [
        `${topic}-0 found`,
        `${topic}-1 KafkaError TOPIC_AUTHORIZATION_FAILED`,
        `${topic}-2 CodecError Corrupt`,
        `${topic}-3 found`,
        `${topic}-4 found`
      ])
      const refused = located.get(`${topic}-1`)
      assert.include(String(refused?.pipe(Either.flip, Either.getOrThrow)), `${topic}-1`)
    }).pipe(Effect.scoped, Effect.provide(KafkaMemory.layer)))

  it.live("begins again where retention deletes the start under it", () =>
    Effect.gen(function*() {
      const [book] = yield* books(1, 200, () => false)
      const faults = yield* KafkaFaults
      let calls = 0
      faults.before(
        "fetch",
        Effect.sync(() => {
          if (++calls === 2) book!.log.deleteBefore(401n)
        })
      )
      yield* requestsFor([book!])
    }).pipe(Effect.provide(KafkaMemory.layer)))
})

describe("the shared fetch", () => {
  it.live("answers two who ask for the same partition at once", () =>
    Effect.gen(function*() {
      const [book] = yield* books(1, 100, () => false)
      const fetch = yield* makeSharedFetch
      const source = { topic, partition: 0 }
      const places = [0n, 5n, 0n, 399n, 5n, 400n, 12n]
      const pages = yield* Effect.forEach(places, (from) => fetch.read(source, from), {
        concurrency: "unbounded"
      })
      for (const [at, page] of pages.entries()) {
        assert.strictEqual(page.base, places[at]! / 4n * 4n)
        assert.strictEqual(page.next > places[at]!, places[at]! < book!.log.logEnd)
      }
      assert.strictEqual(fetch.stats().fetches, 5)
    }).pipe(Effect.scoped, Effect.provide(KafkaMemory.layer)))

  it.live("reads over what compaction has emptied up to the last stable offset", () =>
    Effect.gen(function*() {
      const [book, other] = yield* books(2, 10, () => true)
      book!.log.compact(({ header }) => header.baseOffset < 20n)
      const fetch = yield* makeSharedFetch
      const both = yield* Effect.all([
        fetch.read({ topic, partition: 0 }, 20n),
        fetch.read({ topic, partition: 1 }, 36n)
      ], { concurrency: 2 })
      assert.deepInclude(both[0], { base: 20n, next: 40n })
      assert.deepInclude(both[1], { base: 36n, next: 40n })
      assert.strictEqual(both[1].sources.at(-1), other!.source)
    }).pipe(Effect.scoped, Effect.provide(KafkaMemory.layer)))

  it.live("says which partition has no such offset", () =>
    Effect.gen(function*() {
      yield* books(1, 10, () => false)
      const fetch = yield* makeSharedFetch
      const error = yield* Effect.flip(fetch.read({ topic, partition: 0 }, 41n))
      assert.deepInclude(error, { _tag: "KafkaError", reason: "OFFSET_OUT_OF_RANGE" })
      assert.include(error.message, `${topic}-0`)
    }).pipe(Effect.scoped, Effect.provide(KafkaMemory.layer)))

  it.live("does not leave those waiting whose scope ends", () =>
    Effect.gen(function*() {
      yield* books(1, 10, () => false)
      const faults = yield* KafkaFaults
      faults.before("fetch", Effect.never)
      const reading = yield* Effect.scoped(Effect.gen(function*() {
        const fetch = yield* makeSharedFetch
        const reading = yield* Effect.forkDaemon(fetch.read({ topic, partition: 0 }, 0n))
        yield* Effect.sleep("50 millis")
        return reading
      }))
      const exit = yield* Effect.timeout(reading.await, "2 seconds")
      assert.strictEqual(exit._tag, "Failure")
    }).pipe(Effect.provide(KafkaMemory.layer)))
})
