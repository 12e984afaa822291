/** Every record shape goes through backup, plan and restore exactly, as Kafka's own client sees it. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { StackAddresses } from "../../dev/stack/Stack.ts"
import { compareRestored } from "../../dev/truth/Compare.ts"
import type { TrueRecord } from "../../dev/truth/Truth.ts"
import { Truth } from "../../dev/truth/Truth.ts"
import { containerFacts, containerMetadata } from "../support/records/ArchiveView.ts"
import { deletedHead } from "../support/records/Compacted.ts"
import { coverages, gapTotals, misfits } from "../support/records/Coverage.ts"
import { live, targetPrefix } from "../support/records/Keeper.ts"
import type { ShapeName } from "../support/records/RoundTrip.ts"
import { RoundTrip, RoundTripLayer } from "../support/records/RoundTrip.ts"
import { codecs, hex, range } from "../support/records/Shapes.ts"

const Live = Layer.provideMerge(RoundTripLayer, live("records"))

const shapeNames: ReadonlyArray<ShapeName> = [
  "transactions",
  "headers",
  "large",
  "logAppendTime",
  "timestamps",
  "compressed",
  "compacted",
  "headless"
]

const sum = (numbers: ReadonlyArray<number>) => numbers.reduce((all, one) => all + one, 0)

const Compared = Schema.Array(
  Schema.Struct({ topic: Schema.String, partition: Schema.Number, records: Schema.Number })
)

/** What archive-verify prints, as far as it matters here. */
const Verified = Schema.parseJson(Schema.Struct({
  findings: Schema.Array(Schema.Struct({ kind: Schema.String, message: Schema.String })),
  compared: Compared,
  live: Compared
}))

const journey = (shape: ShapeName) => Effect.map(RoundTrip, (trip) => trip.of(shape))

/** The topic is back exactly, nothing beside it; returns what was there. */
const isBack = (shape: ShapeName) =>
  Effect.map(journey(shape), (found) => {
    const { restored, restoredUncommitted, source } = found
    assert.isAbove(source.length, 0)
    assert.deepStrictEqual(compareRestored(source, restored, targetPrefix), [])
    assert.deepStrictEqual(restoredUncommitted, restored)
    return found
  })

const countOf = (records: ReadonlyArray<TrueRecord>, partitions: number) =>
  range(partitions).map((partition) =>
    records.filter((record) => record.partition === partition).length
  )

layer(Live, { excludeTestServices: true, timeout: "5 minutes" })("records of every shape", (it) => {
  it.effect("transactions: what was committed, in order, and nothing that was aborted", () =>
    Effect.gen(function*() {
      const { source, uncommitted } = yield* isBack("transactions")
      assert.deepStrictEqual(countOf(source, 4), [17, 0, 0, 1])
      assert.deepStrictEqual(countOf(uncommitted, 4), [43, 2, 0, 1])
      const zeros = (records: ReadonlyArray<TrueRecord>) =>
        records.filter(({ key }) => key === "00000000").map(({ value }) => value)
      assert.deepStrictEqual(zeros(uncommitted), [hex("aborted"), hex("committed")])
      assert.deepStrictEqual(zeros(source), [hex("committed")])
    }))

  it.effect("archive, restored and live topics agree, as archive-verify reads them", () =>
    Effect.gen(function*() {
      const { verified } = yield* RoundTrip
      const { compared, findings, live } = yield* Schema.decode(Verified)(verified)
      assert.deepStrictEqual(findings.filter(({ kind }) => kind !== "unarchived"), [])
      for (const shape of shapeNames) {
        const { source, topic: { partitions, topic } } = yield* journey(shape)
        const counts = countOf(source, partitions)
        const of = (all: typeof compared, name: string) =>
          all.filter((one) => one.topic === name).sort((a, b) => a.partition - b.partition)
        // A partition without a record has no files, and nothing to compare with a target.
        const restored = of(compared, `${targetPrefix}${topic}`)
        assert.deepStrictEqual(
          restored.map(({ records }) => records),
          counts.filter(Boolean),
          topic
        )
        const lived = of(live, topic)
        assert.deepStrictEqual(lived.map(({ records }) => records), counts, topic)
      }
    }))

  it.effect("headers: order, duplicates, nulls and odd names", () =>
    Effect.gen(function*() {
      const { restored, source } = yield* isBack("headers")
      const names = new Set(source.flatMap(({ headers }) => headers.map(([name]) => name)))
      for (const name of ["__proto__", "constructor", "", "restore.source-offset", "ключ"]) {
        assert.isTrue(names.has(name), name)
      }
      const twice = source.filter(({ headers }) => headers[0]?.[0] === "restore.source-offset")
      assert.isAbove(twice.length, 0)
      for (const { offset } of twice) {
        const [ours, ...theirs] = restored.find((record) =>
          record.headers[0]?.[1] === hex(String(offset))
        )?.headers ?? []
        assert.strictEqual(ours?.[0], "restore.source-offset")
        assert.strictEqual(theirs[0]?.[0], "restore.source-offset")
      }
    }))

  it.effect("keys and values that are null or empty", () =>
    Effect.gen(function*() {
      const { restored } = yield* isBack("headers")
      const pairs = restored.slice(-9).map(({ key, value }) => [key, value])
      const each = [null, "", "00"]
      assert.deepStrictEqual(pairs, each.flatMap((key) => each.map((value) => [key, value])))
    }))

  it.effect("values of 3 MB and 12 MB", () =>
    Effect.gen(function*() {
      const { source } = yield* isBack("large")
      const sizes = source.map(({ value }) =>
        value === null ? 0 : typeof value === "string" ? value.length / 2 : value.length
      )
      assert.deepStrictEqual(sizes.filter((size) => size > 100), [
        3_000_000,
        12_000_000,
        1_000_000
      ])
    }))

  it.effect("LogAppendTime: the broker's time, kept", () =>
    Effect.gen(function*() {
      const { files, restored, source } = yield* isBack("logAppendTime")
      assert.isTrue(source.every(({ timestampType }) => timestampType === "LogAppendTime"))
      assert.isTrue(restored.every(({ timestampType }) => timestampType === "CreateTime"))
      assert.isTrue(source.every(({ timestamp }) => timestamp > 1_700_000_000_000))
      for (const { bytes } of files) {
        const facts = containerFacts(yield* Effect.promise(() => containerMetadata(bytes)))
        assert.strictEqual(facts["timestamp-type"], "LogAppendTime")
      }
    }))

  it.effect("timestamps from 0 to the far future, in any order", () =>
    Effect.gen(function*() {
      const { source } = yield* isBack("timestamps")
      const times = source.map(({ timestamp }) => timestamp)
      assert.strictEqual(Math.min(...times), 0)
      assert.strictEqual(Math.max(...times), Number.MAX_SAFE_INTEGER)
      assert.include(times, 1)
    }))

  it.effect("large batches of every codec", () =>
    Effect.gen(function*() {
      const { source } = yield* isBack("compressed")
      assert.deepStrictEqual(countOf(source, codecs.length), codecs.map(() => 1200))
    }))

  it.effect("a compacted topic after cleaning, holes and tombstones included", () =>
    Effect.gen(function*() {
      const { offsets, source } = yield* isBack("compacted")
      for (const { earliest, latest, partition } of offsets) {
        const left = countOf(source, 2)[partition] ?? 0
        assert.isBelow(left, 10)
        assert.isAbove(latest - earliest, 60)
        assert.isAbove(left, 1)
      }
    }))

  it.effect("a partition whose head was deleted inside a batch, and one that lost everything", () =>
    Effect.gen(function*() {
      const { files, prefixOf, source } = yield* Effect.zipWith(
        isBack("headless"),
        RoundTrip,
        (found, { prefix }) => ({ ...found, prefixOf: `${prefix}/${found.topic.topic}` })
      )
      assert.strictEqual(source[0]?.offset, Number(deletedHead))
      assert.deepStrictEqual(countOf(source, 2), [250 - Number(deletedHead), 0])
      assert.isTrue(files.every(({ key }) => key.startsWith(`${prefixOf}/0/`)))
    }))

  it.effect("partitions without a record have no file", () =>
    Effect.gen(function*() {
      const { files, topic } = yield* journey("transactions")
      const partitions = new Set(files.map(({ key }) => key.split("/").at(-2)))
      assert.deepStrictEqual([...partitions], ["0", "3"])
      assert.isTrue(files.every(({ key }) => key.includes(`/${topic.topic}/`)))
    }))

  for (const shape of shapeNames) {
    it.effect(`facts of ${shape}: the files tile the log, every record and gap counted`, () =>
      Effect.gen(function*() {
        const { files, offsets, source } = yield* journey(shape)
        const partitions = yield* coverages(files)
        for (const { earliest, partition, stable } of offsets) {
          const records = source.filter((record) => record.partition === partition)
          const parts = partitions.get(partition) ?? []
          assert.strictEqual(parts.length > 0, records.length > 0)
          if (records.length === 0) continue
          assert.deepStrictEqual(misfits(parts, earliest, stable), [])
          const first = records[0]
          assert.strictEqual(parts[0]?.firstOffset, first?.offset)
          const times = records.map(({ timestamp }) => timestamp)
          const stated = (name: string) => parts.map(({ facts }) => Number(facts[name]))
          assert.strictEqual(sum(stated("record-count")), records.length)
          assert.strictEqual(Math.min(...stated("min-timestamp")), Math.min(...times))
          assert.strictEqual(Math.max(...stated("max-timestamp")), Math.max(...times))
        }
      }))
  }

  it.effect("gaps have their reasons: markers, aborted records, compaction", () =>
    Effect.gen(function*() {
      const gapsOf = (shape: ShapeName, partition: number) =>
        Effect.gen(function*() {
          const { files, offsets } = yield* journey(shape)
          const parts = (yield* coverages(files)).get(partition) ?? []
          return { parts, gaps: gapTotals(parts), log: offsets[partition] }
        })
      const none = { compacted: 0, control: 0, aborted: 0, deleted: 0, unknown: 0 }

      const { gaps: transactional } = yield* gapsOf("transactions", 0)
      assert.deepStrictEqual(transactional, { ...none, control: 8, aborted: 26 })
      assert.deepStrictEqual((yield* gapsOf("transactions", 3)).gaps, { ...none, control: 1 })
      assert.deepStrictEqual((yield* gapsOf("compressed", 4)).gaps, none)
      assert.deepStrictEqual((yield* gapsOf("headless", 0)).gaps, none)

      const plain = yield* gapsOf("compacted", 0)
      const records = sum(plain.parts.map(({ records }) => records))
      assert.strictEqual(plain.log?.latest, 91)
      assert.deepStrictEqual(plain.gaps, { ...none, compacted: 91 - records })
      const { gaps: cleaned } = yield* gapsOf("compacted", 1)
      // The cleaner takes most of it, and keeps each producer's last batch, emptied or not.
      assert.isAbove(cleaned.compacted, 40)
      assert.isAbove(cleaned.control, 0)
      assert.isAtMost(cleaned.control, 6)
      assert.strictEqual(cleaned.deleted + cleaned.unknown, 0)
    }))

  it.effect("every file names its generation, and its object carries the same facts", () =>
    Effect.gen(function*() {
      const truth = yield* Truth
      const { clusterId } = yield* StackAddresses
      const trip = yield* RoundTrip
      const topics = shapeNames.map((shape) => trip.of(shape).topic)
      const described = yield* truth.describeTopics(topics.map(({ topic }) => topic))
      for (const file of trip.files) {
        const metadata = yield* Effect.promise(() => containerMetadata(file.bytes))
        const facts = containerFacts(metadata)
        const topic = described.find(({ topic }) => file.key.includes(`/${topic}/`))
        assert.strictEqual(facts["format-version"], "1")
        assert.strictEqual(facts["cluster-id"], clusterId)
        assert.strictEqual(facts["topic-id"], topic?.topicId)
        assert.strictEqual(facts["partition-count"], String(topic?.partitions))
        const names = Object.keys(facts)
        assert.strictEqual(names.length, 18)
        const mirrored = names.map((name) => [name, file.metadata[`kafka-data-keep-${name}`]])
        assert.deepStrictEqual(Object.fromEntries(mirrored), facts)
      }
    }))
})
