/** Archives go both ways: what the original wrote is restored, what we write fits its schema. */
import { assert, layer } from "@effect/vitest"
import { Effect, Predicate } from "effect"
import type { TrueRecord } from "../../dev/truth/Truth.ts"
import { Truth } from "../../dev/truth/Truth.ts"
import { avscRead } from "../support/AvscReader.ts"
import type { FixtureRecord } from "../support/Fixtures.ts"
import { fixtureBytes, fixtureKeys, fixtureRecords } from "../support/Fixtures.ts"
import {
  archiveFiles,
  containerMetadata,
  putIntoBucket,
  putIntoDirectory
} from "../support/records/ArchiveView.ts"
import { archivedForm, sourceForm } from "../support/records/Forms.ts"
import { committed, createTargets, live, makeKeeper } from "../support/records/Keeper.ts"
import { produceShape } from "../support/records/RoundTrip.ts"
import { headers, hex, mixed } from "../support/records/Shapes.ts"
import { unique } from "../support/SharedStack.ts"

const Live = live("records-original")

const fixtureTopic = { topic: "orders.v1", partitions: 3 }

const hexBytes = (field: unknown): number => typeof field === "string" ? field.length / 2 : 0

/** Of longer fields `records.jsonl` has length and hash. */
const shownBytes = Math.max(
  ...fixtureKeys.flatMap(fixtureRecords).flatMap(({ key, value }) => [key, value]).map(hexBytes)
)

/** What is to be in the target; the original has lost the order of headers already. */
const expectedRecords = (partition: number) =>
  fixtureKeys
    .filter((key) => key.startsWith(`${fixtureTopic.topic}/${partition}/`))
    .flatMap(fixtureRecords)

const byName = ([one]: readonly [string, unknown], [other]: readonly [string, unknown]) =>
  one < other ? -1 : one > other ? 1 : 0

/** A restored record in the form of `records.jsonl`, without our header. */
const restoredForm = (record: TrueRecord): FixtureRecord => {
  const [ours, ...theirs] = record.headers
  assert.strictEqual(ours?.[0], "restore.source-offset")
  return {
    partition: record.partition,
    offset: Buffer.from(ours?.[1] ?? "", "hex").toString(),
    timestamp: String(record.timestamp),
    key: record.key,
    value: record.value,
    headers: theirs.toSorted(byName)
  }
}

const fieldsOf = (schema: string): ReadonlyArray<unknown> => {
  const parsed: unknown = JSON.parse(schema)
  if (!Predicate.hasProperty(parsed, "fields") || !Array.isArray(parsed.fields)) return []
  return parsed.fields
}

const originalSchema = Effect.map(
  Effect.promise(() => containerMetadata(fixtureBytes(fixtureKeys[0] ?? ""))),
  ({ schema }) => schema
)

layer(Live, { excludeTestServices: true, timeout: "3 minutes" })(
  "the original's archives",
  (it) => {
    for (const fileStore of [false, true]) {
      it.scoped(
        `are restored exactly from ${fileStore ? "a directory" : "S3"}`,
        () =>
          Effect.gen(function*() {
            const truth = yield* Truth
            const keeper = yield* makeKeeper({ fileStore })
            const files = fixtureKeys.map((key) => ({
              key: `${keeper.prefix}/${key}`,
              bytes: fixtureBytes(key)
            }))
            yield* fileStore ? putIntoDirectory(keeper.storeDirectory, files) : putIntoBucket(files)
            const target = `${unique("original")}.`
            const planTopic = unique("plan")
            yield* createTargets([fixtureTopic], target)
            yield* keeper.plan(planTopic, [fixtureTopic.topic])
            yield* keeper.restore(planTopic, { "restore-topic-prefix": target })
            const restored = yield* truth.consume([`${target}${fixtureTopic.topic}`], {
              isolation: "read_uncommitted",
              maxValueBytes: shownBytes
            })
            for (const partition of [0, 1, 2]) {
              const expected = expectedRecords(partition)
              assert.isAbove(expected.length, 0)
              assert.deepStrictEqual(
                restored.filter((record) => record.partition === partition).map(restoredForm),
                expected
              )
            }
            assert.strictEqual(restored.length, 511)
          }),
        90_000
      )
    }

    it.scoped(
      "and ours are read with the original's schema, below the keys that it expects",
      () =>
        Effect.gen(function*() {
          const keeper = yield* makeKeeper()
          const topics = yield* Effect.forEach([mixed(), headers()], produceShape)
          const names = topics.map(({ topic }) => topic)
          yield* keeper.backup(names)
          const schema = yield* originalSchema
          const found: Array<ReturnType<typeof archivedForm>> = []
          for (const { bytes, key } of yield* archiveFiles(keeper.prefix)) {
            const head = yield* Effect.promise(() => containerMetadata(bytes))
            const ours = fieldsOf(head.schema)
            assert.strictEqual(head.codec, "zstandard")
            assert.deepStrictEqual(ours.slice(0, 7), fieldsOf(schema))
            assert.deepStrictEqual(ours.slice(7), [
              {
                name: "null_headers",
                type: ["null", { type: "array", items: "int" }],
                default: null
              }
            ])
            const records = yield* Effect.promise(() => avscRead(bytes, schema))
            assert.isFalse(records.some((record) => "null_headers" in record))
            const [first] = records
            const folder = `${keeper.prefix}/${first?.topic}/${first?.partition}`
            const digits = String(first?.offset).padStart(19, "0")
            assert.strictEqual(key, `${folder}/${first?.topic}-${first?.partition}-${digits}.avro`)
            found.push(...records.map(archivedForm))
          }
          const source = (yield* committed(names)).map(sourceForm)
          assert.isAbove(source.length, 800)
          assert.deepInclude(source.map(({ key }) => key), hex("1/0/39"))
          const order = (
            { partition, topic }: { readonly topic: string; readonly partition: number }
          ) => `${topic}/${partition}`
          const sorted = <A extends { readonly topic: string; readonly partition: number }>(
            records: ReadonlyArray<A>
          ) => records.toSorted((one, other) => order(one) < order(other) ? -1 : 1)
          assert.deepStrictEqual(sorted(found), sorted(source))
        }),
      90_000
    )
  }
)
