import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import fc from "fast-check"
import { ForeignSchemaLayer } from "../../services/ForeignSchemaLayer.ts"
import { factsToMetadata } from "../../src/codec/FactsMetadata.ts"
import { archiveKey } from "../../src/domain/ArchiveKey.ts"
import { openFacts } from "../../src/domain/FileAccount.ts"
import { noGaps } from "../../src/domain/FileFacts.ts"
import { newestFile } from "../../streams/backup/Newest.ts"
import { makeSurvey } from "../../streams/backup/Survey.ts"
import { append, backup, createTopic, world as backupWorld } from "../support/BackupHarness.ts"
import * as ObjectStoreMemory from "../support/ObjectStoreMemory.ts"

const world = Layer.merge(ObjectStoreMemory.layer, ForeignSchemaLayer)
const root = "backup"
const topic = "orders"
const origin = { clusterId: "cluster", topicId: "topic", partitionCount: 20 }

interface Held {
  readonly partition: number
  readonly firstOffset: number
}

const put = (key: string, firstOffset = 0) =>
  Effect.map(ObjectStoreMemory.Bucket, ({ objects }) => {
    const facts = openFacts(origin, "CreateTime", BigInt(firstOffset), noGaps)
    const metadata = factsToMetadata(facts)
    objects.set(key, { bytes: new Uint8Array(), metadata, lastModified: 0 })
  })

const putFile = ({ firstOffset, partition }: Held) =>
  put(archiveKey(root, { topic, partition }, BigInt(firstOffset)), firstOffset)

const held: fc.Arbitrary<Held> = fc.record({
  partition: fc.integer({ min: 0, max: 19 }),
  firstOffset: fc.integer({ min: 0, max: 999_999 })
})

/** Keys that somebody else has put there. */
const strange = fc.constantFrom(
  `${root}/${topic}/readme.txt`,
  `${root}/${topic}/3/other-3-0000000000000000009.avro`,
  `${root}/${topic}/03/orders-3-0000000000000000009.avro`,
  `${root}/${topic}/3/orders-3-9.avro`,
  `${root}/${topic}/4/${topic}/4/orders-4-0000000000000000001.avro`,
  `${root}/${topic}/4/zzz`,
  `${root}/${topic}-x/4/orders-x-4-0000000000000000001.avro`
)

const sources = (count: number) =>
  Array.from({ length: count }, (_, partition) => ({ topic, partition }))

const lists = Effect.map(
  ObjectStoreMemory.Bucket,
  ({ calls }) => calls.splice(0).filter(([operation]) => operation === "list").length
)

describe("a survey of what the archive holds", () => {
  it("finds the same newest files as a listing for each partition", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(held, { maxLength: 60 }),
        fc.array(strange, { maxLength: 4 }),
        // Files of one partition, more than a page of them now and then.
        fc.record({
          partition: fc.integer({ min: 0, max: 19 }),
          count: fc.constantFrom(0, 3, 1500)
        }),
        fc.integer({ min: 1, max: 20 }),
        fc.option(fc.integer({ min: 0, max: 999_999 }), { nil: undefined }),
        (files, others, many, wanted, hint) =>
          Effect.runPromise(
            Effect.gen(function*() {
              for (const file of files) yield* putFile(file)
              for (const key of others) yield* put(key)
              for (let at = 0; at < many.count; at++) {
                yield* putFile({ partition: many.partition, firstOffset: at })
              }
              const survey = makeSurvey(sources(wanted))
              for (const source of sources(20)) {
                const hinted = hint === undefined ? undefined : BigInt(hint)
                const alone = yield* newestFile(root, source, undefined, makeSurvey([]))
                const together = yield* newestFile(root, source, hinted, survey)
                assert.deepStrictEqual(together, alone)
              }
            }).pipe(Effect.provide(world))
          )
      ),
      { numRuns: 60 }
    ))

  it.effect("takes one listing for a topic whose files are few", () =>
    Effect.gen(function*() {
      for (const { partition } of sources(20)) {
        for (let at = 0; at < 40; at++) yield* putFile({ partition, firstOffset: at })
      }
      const survey = makeSurvey(sources(20))
      const find = Effect.forEach(
        sources(20),
        (source) => newestFile(root, source, 0n, survey),
        { concurrency: "unbounded" }
      )
      assert.lengthOf(yield* find, 20)
      assert.strictEqual(yield* lists, 1)
    }).pipe(Effect.provide(world)))

  it.effect("gives up on a topic whose partitions have very many", () =>
    Effect.gen(function*() {
      for (let at = 0; at < 5000; at++) yield* putFile({ partition: 0, firstOffset: at })
      for (const { partition } of sources(3)) yield* putFile({ partition, firstOffset: 9999 })
      const survey = makeSurvey(sources(3))
      for (const source of sources(3)) {
        const newest = yield* newestFile(root, source, 4999n, survey)
        assert.strictEqual(newest._tag === "Some" ? newest.value.firstOffset : -1n, 9999n)
      }
      // One page of the topic; then what follows the hint, or for who has none all of its own.
      assert.strictEqual(yield* lists, 4)
    }).pipe(Effect.provide(world)))

  it.effect("does not list what is wanted of one partition alone", () =>
    Effect.gen(function*() {
      const { whole } = yield* makeSurvey(sources(1)).topic(root, topic)
      assert.deepStrictEqual([whole, yield* lists], [false, 0])
    }).pipe(Effect.provide(world)))

  it.live("asks for a topic once, not for each of its partitions", () =>
    Effect.gen(function*() {
      const bucket = yield* ObjectStoreMemory.Bucket
      const count = (operation: string) =>
        bucket.calls.filter(([each, key]) =>
          each === operation && !ObjectStoreMemory.isDefinitions(key)
        ).length
      yield* createTopic("orders", 12)
      yield* backup()
      // Its files, its branches; and who has claimed it.
      assert.deepStrictEqual([count("list"), count("head")], [2, 1])
      for (const source of sources(12)) yield* append(source, 3)
      yield* backup()
      bucket.calls.length = 0
      yield* backup()
      // The newest file of each.
      assert.deepStrictEqual([count("list"), count("head"), count("get")], [2, 12, 0])
    }).pipe(Effect.scoped, Effect.provide(backupWorld)))

  it.live("asks once for what there is little of, not for each topic", () =>
    Effect.gen(function*() {
      const bucket = yield* ObjectStoreMemory.Bucket
      const count = (operation: string) =>
        bucket.calls.filter(([each, key]) =>
          each === operation && !ObjectStoreMemory.isDefinitions(key)
        ).length
      const topics = Array.from({ length: 9 }, (_, at) => `topic-${at}`)
      for (const topic of topics) yield* createTopic(topic, 2)
      yield* backup()
      // The files of each; all branches and all claims.
      assert.deepStrictEqual([count("list"), count("head")], [topics.length + 2, 0])
    }).pipe(Effect.scoped, Effect.provide(backupWorld)))
})
