import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Stream } from "effect"
import type { ArchivedRecord } from "../../src/codec/RecordCursor.ts"
import type { FileFacts } from "../../src/domain/FileFacts.ts"
import { allRecords } from "../../src/domain/RecordRange.ts"
import { catPartition } from "../../streams/CatArchive.ts"
import { verifyLive } from "../../streams/VerifyLive.ts"
import { buildBatch } from "../support/Batches.ts"
import { fixtureBytes, fixtureKeys, fixtureRecords } from "../support/Fixtures.ts"
import { Cluster } from "../support/KafkaMemory.ts"
import {
  archivedRecord,
  putFile,
  putObject,
  recordsFrom,
  world
} from "../support/RestoreHarness.ts"

const orders = { topic: "orders", partition: 0 }

/** Severity and message of each finding, and what was compared. */
const verify = (topic?: string) =>
  Effect.map(
    Stream.runCollect(verifyLive({ prefix: "backup", topic })),
    (events) => {
      const all = Chunk.toReadonlyArray(events)
      return {
        findings: all.flatMap((event) =>
          event.kind === "finding" ? [`${event.finding.severity}: ${event.finding.message}`] : []
        ),
        compared: all.flatMap((event) => event.kind === "compared" ? [event.compared] : [])
      }
    }
  )

const findings = Effect.map(verify(), (outcome) => outcome.findings)

const createOrders = (configs: Readonly<Record<string, string>> = {}) =>
  Effect.map(Cluster, ({ topics }) => topics.create("orders", 1, configs).topicId)

/** Appended as one batch: the offsets that are not there are missing in the log too. */
const append = (records: ReadonlyArray<ArchivedRecord>) =>
  Effect.map(Cluster, ({ topics }) => {
    const log = topics.log(orders)
    log.append(
      buildBatch(records.map((record) => (
        { ...record, offsetDelta: Number(record.offset - log.logEnd) }
      )))
    )
  })

const put = (first: number, last: number, facts: Partial<FileFacts>) =>
  putFile(recordsFrom(orders, first, last), facts)

/** The offsets from `first` to `last` in the log, without one of them. */
const without = (lost: number, first: number, last: number) =>
  recordsFrom(orders, first, last).filter(({ offset }) => offset !== BigInt(lost))

/** Twenty records archived in two files, and in the log as they are changed. */
const changed = (
  change: (records: ReadonlyArray<ArchivedRecord>) => ReadonlyArray<ArchivedRecord>,
  configs: Readonly<Record<string, string>> = {}
) =>
  Effect.gen(function*() {
    const topicId = yield* createOrders(configs)
    yield* put(0, 9, { topicId })
    yield* put(10, 19, { topicId })
    yield* append(change(recordsFrom(orders, 0, 19)))
  })

describe("verifyLive", () => {
  it.live("finds nothing where both have the same, and says what is not archived yet", () =>
    Effect.gen(function*() {
      yield* changed((records) => [...records, ...recordsFrom(orders, 20, 24)])
      assert.deepStrictEqual(yield* verify(), {
        findings: [],
        compared: [{ ...orders, records: 20, unarchivedFrom: 20n, unarchivedUntil: 25n }]
      })
    }).pipe(Effect.provide(world)))

  it.live("compares what retention has left of the log", () =>
    Effect.gen(function*() {
      yield* changed((records) => records)
      const { topics } = yield* Cluster
      topics.log(orders).logStart = 13n
      assert.deepStrictEqual(yield* verify(), {
        findings: [],
        compared: [{ ...orders, records: 7, unarchivedFrom: 20n, unarchivedUntil: 20n }]
      })
    }).pipe(Effect.provide(world)))

  it.live("warns of what retention took before it was archived", () =>
    Effect.gen(function*() {
      const topicId = yield* createOrders()
      yield* put(0, 9, { topicId })
      yield* append(recordsFrom(orders, 0, 19))
      const { topics } = yield* Cluster
      topics.log(orders).logStart = 13n
      assert.deepStrictEqual(yield* verify(), {
        findings: [
          "warning: the offsets 10 to 12 were deleted from the log before they were archived"
        ],
        compared: [{ ...orders, records: 0, unarchivedFrom: 13n, unarchivedUntil: 20n }]
      })
    }).pipe(Effect.provide(world)))

  const other = Buffer.from("other")
  const changes: ReadonlyArray<
    readonly [
      name: string,
      change: (records: ReadonlyArray<ArchivedRecord>) => ReadonlyArray<ArchivedRecord>,
      expected: string
    ]
  > = [
    [
      "a value",
      (all) => all.with(7, { ...all[7]!, value: other }),
      "error: the record of offset 7 has another value in the log"
    ],
    [
      "a timestamp",
      (all) => all.with(17, { ...all[17]!, timestamp: 5n }),
      "error: the record of offset 17 has another timestamp in the log"
    ],
    [
      "headers",
      (all) => all.with(3, { ...all[3]!, headers: [[other, null]] }),
      "error: the record of offset 3 has another headers in the log"
    ],
    [
      "a record that the log lacks",
      (all) => all.toSpliced(4, 1),
      "error: the record of offset 4 is not in the log, though the log has others"
    ],
    [
      "a log that ends before the archive",
      (all) => all.slice(0, 15),
      "error: the archive goes on to offset 15, the log ends in front of 15"
    ]
  ]
  for (const [name, change, expected] of changes) {
    it.live(`finds ${name}`, () =>
      Effect.gen(function*() {
        yield* changed(change)
        const [found, ...others] = yield* findings
        assert.include(found, expected)
        assert.deepStrictEqual(others, [])
      }).pipe(Effect.provide(world)))
  }

  it.live("lets compaction remove what it likes, but change nothing", () =>
    Effect.gen(function*() {
      yield* changed((all) => [all[2]!, all[11]!, all[19]!], { "cleanup.policy": "compact" })
      assert.deepStrictEqual(yield* verify(), {
        findings: [],
        compared: [{ ...orders, records: 3, unarchivedFrom: 20n, unarchivedUntil: 20n }]
      })
    }).pipe(Effect.provide(world)))

  it.live("finds a record that the archive lacks", () =>
    Effect.gen(function*() {
      const topicId = yield* createOrders()
      yield* putFile(without(4, 0, 9), { topicId, coverageNext: 12n })
      yield* append(recordsFrom(orders, 0, 19))
      assert.include((yield* findings)[0], "error: the record of offset 4 is in the log, but not")
    }).pipe(Effect.provide(world)))

  it.live("finds a record that the last file accounts for, and does not have", () =>
    Effect.gen(function*() {
      const topicId = yield* createOrders()
      yield* put(0, 9, { topicId, coverageNext: 12n })
      yield* append(recordsFrom(orders, 0, 19))
      assert.deepStrictEqual(yield* findings, [
        "error: the record of offset 10 is in the log, but not in the archive, whose last file " +
        "accounts for all up to offset 11"
      ])
    }).pipe(Effect.provide(world)))

  it.live("knows a topic that was created again, and one that is not there, or not archived", () =>
    Effect.gen(function*() {
      const topicId = yield* createOrders()
      yield* put(0, 9, { topicId })
      yield* putFile([archivedRecord({ topic: "gone", partition: 0 }, 0)])
      const { topics } = yield* Cluster
      topics.remove("orders")
      const created = topics.create("orders", 1)
      topics.create("invoices", 1)
      topics.create("payments", 1)
      topics.create("__consumer_offsets", 1, {}, true)
      assert.sameMembers([...(yield* findings)], [
        "warning: the cluster has no such topic, or this user may not see it: there is nothing " +
        "to compare with",
        "warning: the archive has nothing of 2 topics: invoices, payments",
        `warning: the topic was created again (topic id ${created.topicId}), and nothing of its ` +
        "present life is archived yet"
      ])
      assert.deepStrictEqual((yield* verify("gone")).findings.length, 1)
    }).pipe(Effect.provide(world)))

  it.live("takes headers of the original as it keeps them: without their order", () =>
    Effect.gen(function*() {
      for (const key of fixtureKeys) yield* putObject(`backup/${key}`, fixtureBytes(key))
      const { topics } = yield* Cluster
      const topic = "orders.v1"
      topics.create(topic, 3)
      const generation = { topic, root: "backup", topicId: undefined, branches: [] }
      for (const partition of [0, 1, 2]) {
        const pages = yield* Stream.runCollect(catPartition(generation, partition, allRecords))
        const log = topics.log({ topic, partition })
        for (const record of Chunk.toReadonlyArray(pages).flat()) {
          const headers = record.headers.toReversed()
          log.append(
            buildBatch([{ ...record, headers, offsetDelta: Number(record.offset - log.logEnd) }])
          )
        }
      }
      const { compared, findings } = yield* verify()
      assert.deepStrictEqual(findings, [])
      assert.deepStrictEqual(
        compared.reduce((sum, { records }) => sum + records, 0),
        fixtureKeys.flatMap(fixtureRecords).length
      )
    }).pipe(Effect.provide(world)))

  it.live("names a file that cannot be read, and goes on with other partitions", () =>
    Effect.gen(function*() {
      const { topics } = yield* Cluster
      const { topicId } = topics.create("orders", 2)
      const key = yield* put(0, 9, { topicId })
      yield* putObject(key, Buffer.alloc(100, "x"))
      yield* append(recordsFrom(orders, 0, 9))
      const { compared, findings } = yield* verify()
      assert.strictEqual(findings.length, 1)
      assert.include(findings[0], "it cannot be compared: ")
      assert.include(findings[0], key)
      assert.sameMembers(compared.map(({ partition }) => partition), [0, 1])
    }).pipe(Effect.provide(world)))
})
