/** The built program compares restored topics with the archive, and names what differs. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import type { NewRecord, TrueRecord } from "../../dev/truth/Truth.ts"
import { Truth } from "../../dev/truth/Truth.ts"
import { ArchivedTopic, ArchivedTopicLayer, consumed, succeeds } from "../support/ArchivedTopic.ts"
import { hex } from "../support/records/Shapes.ts"
import { unique } from "../support/SharedStack.ts"

/** Of partition 0: a record with a key, a value, and headers of which one is null. */
const sick = 12

interface Damage {
  readonly name: string
  /** What becomes of the records of partition 0, one for each of its source offsets. */
  readonly of: (records: ReadonlyArray<NewRecord>) => ReadonlyArray<NewRecord>
  /** What is said of it, besides the offset. */
  readonly said: RegExp
}

const altered = (change: (record: NewRecord) => Partial<NewRecord>): Damage["of"] => (records) =>
  records.map((record, at) => at === sick ? { ...record, ...change(record) } : record)

const damages: ReadonlyArray<Damage> = [
  { name: "value", of: altered(() => ({ value: hex("other") })), said: /value/ },
  { name: "null value", of: altered(() => ({ value: null })), said: /value/ },
  { name: "key", of: altered(() => ({ key: hex("key-9") })), said: /key/ },
  {
    name: "header",
    of: altered(({ headers = [] }) => ({
      headers: headers.map(([name, value]) => [name, value === null ? "" : value] as const)
    })),
    said: /header/
  },
  {
    name: "timestamp",
    of: altered(({ timestamp = 0 }) => ({ timestamp: timestamp + 1 })),
    said: /timestamp/
  },
  { name: "missing", of: (records) => records.toSpliced(sick, 1), said: /missing/ },
  {
    name: "missing at the end",
    of: (records) => records.slice(0, sick),
    said: /missing/
  },
  {
    name: "there twice",
    of: (records) => records.toSpliced(sick, 0, ...records.slice(sick, sick + 1)),
    said: /once more|twice|again/
  },
  {
    name: "two in each other's place",
    of: (records) => records.toSpliced(sick, 2, ...records.slice(sick, sick + 2).toReversed()),
    said: /missing|order/
  }
]

const noHex = (bytes: TrueRecord["value"]): string | null =>
  typeof bytes === "object" && bytes !== null ? "" : bytes

const copyTo = (topic: string) => (record: TrueRecord): NewRecord => ({
  topic,
  partition: record.partition,
  key: noHex(record.key),
  value: noHex(record.value),
  headers: record.headers,
  timestamp: record.timestamp
})

interface Compared {
  readonly findings: ReadonlyArray<{
    readonly severity: string
    readonly kind: string
    readonly topic: string
    readonly partition: number
    readonly message: string
  }>
  readonly compared: ReadonlyArray<{ readonly topic: string; readonly records: number }>
}

const verify = (prefix: string) =>
  Effect.flatMap(ArchivedTopic, ({ place, topic }) =>
    Effect.map(
      place.finish([
        "archive-verify",
        "-topic",
        topic,
        "-output",
        "json",
        "-restored-prefix",
        prefix
      ]),
      ({ code, stderr, stdout }) => {
        const found: Compared = JSON.parse(stdout)
        return { code, stderr, found }
      }
    ))

/** Into topics of the same shape, with this prefix. */
const restored = (prefix: string) =>
  Effect.gen(function*() {
    const { place, topic } = yield* ArchivedTopic
    const truth = yield* Truth
    yield* truth.createTopics([{ topic: `${prefix}${topic}`, partitions: 3, configs }])
    const flags = ["-restore-topics-regex", `^${topic}$`, "-restore-topic-prefix", prefix]
    yield* succeeds(place, ["restore", ...flags])
    return yield* consumed([`${prefix}${topic}`])
  })

const configs = { "retention.ms": "-1" }

layer(ArchivedTopicLayer("archive-restored"), { excludeTestServices: true, timeout: "4 minutes" })(
  "archive-verify -restored-prefix",
  (it) => {
    it.scoped(
      "accepts what a restore has made, and names each thing that is not as it was",
      () =>
        Effect.gen(function*() {
          const truth = yield* Truth
          const { records, topic } = yield* ArchivedTopic
          const prefix = `${unique("back")}.`
          const back = yield* restored(prefix)
          const whole = yield* verify(prefix)
          assert.strictEqual(whole.code, 0, whole.stderr)
          assert.deepStrictEqual(whole.found.findings, [])
          assert.strictEqual(
            whole.found.compared.reduce((sum, one) => sum + one.records, 0),
            records.length
          )

          const sources = records.filter(({ partition }) => partition === 0)
          const source = sources[sick]?.offset ?? -1
          const next = sources[sick + 1]?.offset ?? -1
          for (const { name, of, said } of damages) {
            const damaged = `${unique("damaged")}.`
            const target = `${damaged}${topic}`
            yield* truth.createTopics([{ topic: target, partitions: 3, configs }])
            const [zero, others] = [
              back.filter(({ partition }) => partition === 0),
              back.filter(({ partition }) => partition > 0)
            ]
            yield* truth.produce([
              ...of(zero.map(copyTo(target))),
              ...others.map(copyTo(target))
            ])
            const { code, found } = yield* verify(damaged)
            const all = JSON.stringify(found.findings)
            assert.strictEqual(code, 1, name)
            assert.isNotEmpty(found.findings, name)
            for (const finding of found.findings) {
              assert.deepInclude(finding, {
                severity: "error",
                kind: "restored",
                topic: target,
                partition: 0
              })
            }
            const texts = found.findings.map(({ message }) => message)
            assert.isTrue(
              texts.some((text) =>
                said.test(text) && new RegExp(`\\b(${source}|${next})\\b`).test(text)
              ),
              `${name}: ${all}`
            )
          }
        }),
      180_000
    )

    it.scoped(
      "names topics and partitions that are not there",
      () =>
        Effect.gen(function*() {
          const { topic } = yield* ArchivedTopic
          const truth = yield* Truth
          const none = yield* verify(`${unique("nobody")}.`)
          assert.strictEqual(none.code, 1)
          assert.match(none.found.findings[0]?.message ?? "", /the topic is not there/)
          const narrow = `${unique("narrow")}.`
          yield* truth.createTopics([{ topic: `${narrow}${topic}`, partitions: 1 }])
          const { code, found } = yield* verify(narrow)
          assert.strictEqual(code, 1)
          assert.deepStrictEqual(
            found.findings.map(({ partition }) => partition).toSorted(),
            [0, 1]
          )
        }),
      60_000
    )
  }
)
