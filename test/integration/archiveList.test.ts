/** The built program lists what Kafka held: from the bucket, and from a directory. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import {
  ArchivedTopic,
  ArchivedTopicLayer,
  inDirectory,
  succeeds
} from "../support/ArchivedTopic.ts"

/** What Kafka's own client says of the partitions that hold records. */
const figures = Effect.map(
  ArchivedTopic,
  ({ files, offsets, records, topic }) =>
    [0, 1].map((partition) => {
      const here = <A extends { readonly partition: number }>(all: ReadonlyArray<A>) =>
        all.filter((each) => each.partition === partition)
      const times = here(records).map(({ timestamp }) => timestamp)
      const mine = files.filter(({ key }) => key.includes(`/${topic}/${partition}/`))
      const [{ earliest = -1, stable = -1 } = {}] = here(offsets)
      return {
        partition,
        files: mine.length,
        bytes: mine.reduce((sum, { bytes }) => sum + bytes.length, 0),
        firstOffset: earliest,
        nextOffset: stable,
        records: here(records).length,
        minTimestamp: Math.min(...times),
        maxTimestamp: Math.max(...times),
        unread: stable - earliest - here(records).length
      }
    })
)

const timeText = (ms: number): string => new Date(ms).toISOString()

const words = (line = ""): ReadonlyArray<string> => line.split(/ {2,}/)

layer(ArchivedTopicLayer("archive-list"), { excludeTestServices: true, timeout: "4 minutes" })(
  "archive-list",
  (it) => {
    it.scoped(
      "has the figures of an independent consumer, from S3 and from a directory",
      () =>
        Effect.gen(function*() {
          const { files, place, topic } = yield* ArchivedTopic
          const expected = yield* figures
          const directory = yield* inDirectory(place, "copy", files)
          for (const store of [[], directory]) {
            const json = ["archive-list", "-output", "json", ...store]
            const deep = JSON.parse((yield* succeeds(place, [...json, "-deep"])).stdout)
            assert.strictEqual(deep.prefix, place.prefix)
            assert.strictEqual(deep.topics.length, 1)
            const [{ partitions, ...life }] = deep.topics
            assert.deepStrictEqual(life, {
              topic,
              generation: "first",
              branches: 0,
              otherObjects: 0
            })
            assert.deepStrictEqual(
              partitions,
              expected.map(({ unread, ...each }) => ({
                ...each,
                gaps: {
                  compacted: 0,
                  control: unread / 2,
                  aborted: unread / 2,
                  deleted: 0,
                  unknown: 0
                },
                holes: [],
                filesWithoutFacts: 0
              }))
            )
            // Without -deep two files of four have been asked: what is not known is null.
            const [some] = JSON.parse((yield* succeeds(place, json)).stdout).topics
            for (const [at, each] of some.partitions.entries()) {
              const { bytes, files, firstOffset, nextOffset } = expected[at] ?? {}
              assert.deepInclude(each, { bytes, files, firstOffset, nextOffset })
              assert.deepInclude(each, { records: null, gaps: null, holes: null })
            }
          }
        }),
      120_000
    )

    it.scoped(
      "shows them as tables, in all and by partition",
      () =>
        Effect.gen(function*() {
          const { place, topic } = yield* ArchivedTopic
          const expected = yield* figures
          const [one, two] = expected
          const all = (yield* succeeds(place, ["archive-list", "-deep"])).stdout.split("\n")
          assert.match(all[0] ?? "", /^TOPIC +GENERATION +PARTITIONS +FILES +SIZE +RECORDS /)
          const [name, life, partitions, files, , records, oldest, newest, gaps] = words(all[1])
          assert.deepStrictEqual([name, life, partitions, files], [topic, "first", "2", "8"])
          assert.strictEqual(records, String((one?.records ?? 0) + (two?.records ?? 0)))
          assert.strictEqual(oldest, timeText(one?.minTimestamp ?? 0))
          assert.strictEqual(newest, timeText(two?.maxTimestamp ?? 0))
          assert.strictEqual(gaps, "control=1,aborted=1")
          assert.match(all[3] ?? "", /^1 topic, 2 partitions, 8 files, /)

          const flags = ["archive-list", "-deep", "-topic", topic]
          const lines = (yield* succeeds(place, flags)).stdout.trimEnd().split("\n")
          assert.strictEqual(lines.length, 3)
          for (const [at, each] of expected.entries()) {
            const [, partition, files, , first, next, records, , , gaps, holes] = words(
              lines[at + 1]
            )
            assert.deepStrictEqual(
              [partition, files, first, next, records, holes],
              [at, each.files, each.firstOffset, each.nextOffset, each.records, "none"].map(String)
            )
            assert.strictEqual(gaps, each.unread === 0 ? "none" : "control=1,aborted=1")
          }
        }),
      60_000
    )

    it.scoped(
      "names a damaged file, and lists all the same",
      () =>
        Effect.gen(function*() {
          const { files, place } = yield* ArchivedTopic
          const [last] = files.slice(-1)
          const damaged = files.map((each) =>
            each === last ? { key: each.key, bytes: Buffer.alloc(0) } : each
          )
          const store = yield* inDirectory(place, "damaged", damaged)
          const listed = yield* succeeds(place, ["archive-list", "-output", "json", ...store])
          const [{ partitions }] = JSON.parse(listed.stdout).topics
          const next = (yield* figures)[0]?.nextOffset
          assert.deepStrictEqual(
            partitions.map((each: { nextOffset: unknown }) => each.nextOffset),
            [next, null]
          )
          assert.include(listed.stderr, `${last?.key}: container: the file is empty`)
        }),
      60_000
    )

    it.scoped(
      "says what is not there",
      () =>
        Effect.gen(function*() {
          const { place } = yield* ArchivedTopic
          const none = yield* place.finish(["archive-list", "-topic", "nobody"])
          assert.strictEqual(none.code, 1)
          assert.include(none.stderr, "the archive has no topic nobody")
          assert.strictEqual(none.stdout, "")
        }),
      60_000
    )
  }
)
