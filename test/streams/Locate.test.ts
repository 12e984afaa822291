import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import fc from "fast-check"
import { locate } from "../../streams/translate/Locate.ts"
import { makeSharedFetch } from "../../streams/translate/SharedFetch.ts"
import * as KafkaMemory from "../support/KafkaMemory.ts"
import { Cluster } from "../support/KafkaMemory.ts"
import type { RestoredStep } from "../support/RestoredLog.ts"
import { anyRestoredLog, RestoredLog } from "../support/RestoredLog.ts"

const target = { topic: "restored.orders", partition: 0 }

/** One partition with these steps in it, searched for these offsets, against the truth. */
const holds = (
  steps: ReadonlyArray<RestoredStep>,
  wanted: ReadonlyArray<bigint>,
  deleted: number,
  firstSource: bigint
) =>
  Effect.gen(function*() {
    const cluster = yield* Cluster
    cluster.topics.create(target.topic, 1)
    const book = new RestoredLog(cluster.topics.log(target), firstSource)
    for (const step of steps) book.play(step)
    const { logEnd } = book.log
    book.log.deleteBefore(logEnd * BigInt(deleted) / 100n)
    const sources = wanted.map((one) => firstSource + one)
    const fetch = yield* makeSharedFetch
    const located = yield* locate(fetch, target, sources)
    assert.deepStrictEqual(located, book.truth(sources))
  }).pipe(Effect.scoped, Effect.provide(KafkaMemory.layer))

const anyWanted = fc.array(
  fc.oneof(fc.bigInt(-3n, 400n), fc.bigInt(0n, 40_000n)),
  { minLength: 1, maxLength: 12 }
)

const start = fc.constantFrom(-1n, 41n, 2n ** 53n - 5n, 2n ** 62n)
const deleted = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 100 }))

/** A log of batches of so many restored records each, `every` source offset from the other. */
const fill = (batches: number, each: number, every: (record: number) => number) =>
  Effect.map(Cluster, (cluster) => {
    cluster.topics.create(target.topic, 1)
    const book = new RestoredLog(cluster.topics.log(target))
    for (let batch = 0; batch < batches; batch++) {
      book.write(Array.from({ length: each }, (_, at) => every(batch * each + at)), 10)
    }
    return book
  })

/** Fetches that it takes to find one source offset, whose position is checked. */
const fetchesFor = (book: RestoredLog, wanted: bigint) =>
  Effect.gen(function*() {
    const fetch = yield* makeSharedFetch
    const located = yield* locate(fetch, target, [wanted])
    assert.deepStrictEqual(located, book.truth([wanted]))
    return fetch.stats().fetches
  }).pipe(Effect.scoped)

describe("locate", () => {
  it.effect("finds what a look at every record finds, small batches", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(
          anyRestoredLog(100, 40),
          anyWanted,
          deleted,
          start,
          (...args) => Effect.runPromise(holds(...args))
        ),
        { numRuns: 300 }
      )
    ))

  it.effect("finds what a look at every record finds, several batches to a page or none", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(
          anyRestoredLog(20_000, 40),
          anyWanted,
          deleted,
          start,
          (...args) => Effect.runPromise(holds(...args))
        ),
        { numRuns: 200 }
      )
    ))

  it.effect("finds a position near the start of a long partition in two fetches", () =>
    Effect.gen(function*() {
      const book = yield* fill(200, 500, () => 1)
      assert.isAtMost(yield* fetchesFor(book, 10n), 2)
      assert.isAtMost(yield* fetchesFor(book, 0n), 2)
      assert.isAtMost(yield* fetchesFor(book, 50_000n), 2)
      assert.strictEqual(yield* fetchesFor(book, 99_999n), 1)
      assert.strictEqual(yield* fetchesFor(book, 1_000_000n), 1)
    }).pipe(Effect.provide(KafkaMemory.layer)))

  for (
    const [gaps, every] of Object.entries<(record: number) => number>({
      "one wide gap": (record) => record === 60_000 ? 5_000_000 : 1,
      "gaps that grow": (record) => record < 50_000 ? 1 : record * record,
      "regions of different density": (record) => 1 + (record >> 13) ** 3 % 101
    })
  ) {
    it.effect(`halves at least, three guesses aside: ${gaps}`, () =>
      Effect.gen(function*() {
        const book = yield* fill(200, 500, every)
        const most = 1 + Math.ceil(Math.log2(200)) + 3
        const eighth = book.source / 8n
        const spread = Array.from({ length: 8 }, (_, at) => eighth * BigInt(at) + 1n)
        for (const wanted of [10n, 59_999n, 60_000n, ...spread, book.source - 5n]) {
          assert.isAtMost(yield* fetchesFor(book, wanted), most, `for ${wanted}`)
        }
      }).pipe(Effect.provide(KafkaMemory.layer)))
  }

  it.effect("shares what it learns between the positions looked for", () =>
    Effect.gen(function*() {
      const book = yield* fill(200, 100, (record) => 1 + record % 3)
      const wanted = Array.from({ length: 1000 }, (_, at) => BigInt(at * 39))
      const fetch = yield* makeSharedFetch
      const located = yield* locate(fetch, target, wanted)
      assert.deepStrictEqual(located, book.truth(wanted))
      assert.isAtMost(fetch.stats().fetches, 200)
    }).pipe(Effect.scoped, Effect.provide(KafkaMemory.layer)))
})
