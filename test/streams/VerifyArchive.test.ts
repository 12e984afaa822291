import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Layer, Stream } from "effect"
import { ForeignSchemaLayer } from "../../services/ForeignSchemaLayer.ts"
import type { BlockStats } from "../../src/codec/BlockStats.ts"
import { parseContainerHeader } from "../../src/codec/ContainerHeader.ts"
import { factsToMetadata } from "../../src/codec/FactsMetadata.ts"
import { summarize } from "../../src/codec/RecordCursor.ts"
import type { ArchivedRecord } from "../../src/codec/RecordCursor.ts"
import { writeRecords } from "../../src/codec/RecordWriter.ts"
import { archiveKey, generationRoot } from "../../src/domain/ArchiveKey.ts"
import type { FileFacts } from "../../src/domain/FileFacts.ts"
import { noGaps } from "../../src/domain/FileFacts.ts"
import { verifyArchive } from "../../streams/VerifyArchive.ts"
import { decodeContainer, recordsOf, someFacts } from "../support/Containers.ts"
import { fixtureBytes, fixtureKeys } from "../support/Fixtures.ts"
import { Bucket, layer as memory } from "../support/ObjectStoreMemory.ts"
import { archivedRecord, fileBytes, putObject, recordsFrom } from "../support/RestoreHarness.ts"

const world = Layer.merge(memory, ForeignSchemaLayer)

const orders = { topic: "orders", partition: 0 }
const other = { topic: "orders", partition: 1 }

const events = Effect.map(
  Stream.runCollect(verifyArchive({ prefix: "backup", topic: undefined })),
  Chunk.toReadonlyArray
)

/** `severity kind first offset`, for each finding. */
const found = Effect.map(events, (all) =>
  all.flatMap((event) =>
    event.kind === "partition"
      ? []
      : [
        [
          event.finding.severity,
          event.finding.kind,
          Number(/(\d+)\.avro/.exec(event.finding.key ?? "")?.[1] ?? NaN)
        ].join(" ")
      ]
  ))

/** Facts that are true. */
const factsOf = (records: ReadonlyArray<ArchivedRecord>): Partial<FileFacts> => {
  const stats: BlockStats | undefined = summarize(
    writeRecords(records),
    "ours",
    records[0] ?? orders
  )
  return stats === undefined ? {} : {
    gaps: noGaps,
    minTimestamp: stats.minTimestamp,
    maxTimestamp: stats.maxTimestamp,
    largestRecord: stats.largestRecord
  }
}

const put = (records: ReadonlyArray<ArchivedRecord>, changes: Partial<FileFacts> = {}) =>
  Effect.gen(function*() {
    const bytes = yield* fileBytes(records, { ...factsOf(records), ...changes })
    const [first = archivedRecord(orders, 0)] = records
    const key = archiveKey("backup", first, first.offset)
    yield* putObject(key, bytes)
    return { bytes, key }
  })

const range = (from: number, last: number, source = orders) => put(recordsFrom(source, from, last))

/** Three files of one partition and one of another, all as they should be. */
const whole = Effect.gen(function*() {
  return [
    yield* range(5, 24),
    yield* range(25, 54),
    yield* range(55, 64),
    yield* range(0, 9, other)
  ] as const
})

const contentsOf = (bytes: Buffer) => Effect.map(decodeContainer(bytes), recordsOf)

const remove = (key: string) => Effect.map(Bucket, ({ objects }) => objects.delete(key))

describe("verifyArchive", () => {
  it.effect("finds nothing in an archive that is whole", () =>
    Effect.gen(function*() {
      yield* whole
      const all = yield* events
      assert.sameDeepMembers(
        all.map((event) =>
          event.kind === "partition"
            ? [event.verified.partition, event.verified.files, event.verified.records]
            : event
        ),
        [[0, 3, 60], [1, 1, 10]]
      )
    }).pipe(Effect.provide(world)))

  it.effect("warns of the gaps in files of the original, and of nothing else", () =>
    Effect.gen(function*() {
      for (const key of fixtureKeys) yield* putObject(`backup/${key}`, fixtureBytes(key))
      const all = yield* found
      assert.isNotEmpty(all)
      assert.deepStrictEqual([...new Set(all)], ["warning unknown NaN"])
    }).pipe(Effect.provide(world)))

  it.effect("finds every single byte that is flipped in a block", () =>
    Effect.gen(function*() {
      const [, { bytes, key }] = yield* whole
      const start = bytes.indexOf(Buffer.alloc(16, "sync")) + 16
      const expected = yield* contentsOf(bytes)
      let unused = 0
      for (let at = start; at < bytes.length; at += 7) {
        const damaged = Buffer.from(bytes)
        damaged[at]! ^= 1 << (at % 8)
        yield* putObject(key, damaged)
        if ((yield* found).join().includes("error damaged 25")) continue
        // A bit that zstd leaves unused: only the store's checksum can tell.
        unused++
        assert.deepStrictEqual(yield* contentsOf(damaged), expected, `byte ${at}`)
      }
      assert.isAtMost(unused, 1)
    }).pipe(Effect.provide(world)))

  it.effect("finds every byte that is flipped in a header, with the object's metadata", () =>
    Effect.gen(function*() {
      const [, { bytes, key }] = yield* whole
      const { objects } = yield* Bucket
      const { facts, size } = parseContainerHeader(bytes)
      const metadata = facts === undefined ? {} : factsToMetadata(facts)
      const unfound = new Set<string>()
      for (let at = 0; at < size; at += 13) {
        const damaged = Buffer.from(bytes)
        damaged[at]! ^= 1 << (at % 8)
        objects.set(key, { bytes: damaged, lastModified: 0, metadata })
        assert.include((yield* found).join(), "error", `byte ${at}`)
        objects.set(key, { bytes: damaged, lastModified: 0, metadata: {} })
        if ((yield* found).join().includes("error")) continue
        const { facts: other } = parseContainerHeader(damaged)
        const changed = Object.entries(facts ?? {}).filter(([name, value]) =>
          String(Object.entries(other ?? {}).find(([also]) => also === name)?.[1]) !== String(value)
        )
        unfound.add(changed.map(([name]) => name).join())
      }
      // In a copy without it, these have nothing to be compared with.
      const alone = ["firstLeaderEpoch", "formatVersion", "lastLeaderEpoch", "partitionCount"]
      assert.includeMembers(alone, [...unfound])
    }).pipe(Effect.provide(world)))

  it.effect("finds a file that is missing, emptied, truncated, or cut between two blocks", () =>
    Effect.gen(function*() {
      const [, { bytes, key }] = yield* whole
      yield* remove(key)
      assert.deepStrictEqual(yield* found, ["error hole 55"])
      yield* putObject(key, Buffer.alloc(0))
      assert.deepStrictEqual(yield* found, ["error damaged 25"])
      yield* putObject(key, bytes.subarray(0, -5))
      assert.deepStrictEqual(yield* found, ["error damaged 25"])
      const sync = Buffer.alloc(16, "sync")
      const boundary = bytes.lastIndexOf(sync, bytes.length - 17) + 16
      yield* putObject(key, bytes.subarray(0, boundary))
      assert.include(yield* found, "error contradiction 25")
    }).pipe(Effect.provide(world)))

  it.effect("finds files under other names", () =>
    Effect.gen(function*() {
      const [, { bytes, key }] = yield* whole
      yield* putObject(archiveKey("backup", other, 25n), bytes)
      assert.include(yield* found, "error misplaced 25")
      yield* remove(archiveKey("backup", other, 25n))
      yield* putObject(archiveKey("backup", { topic: "payments", partition: 0 }, 25n), bytes)
      assert.include(yield* found, "error misplaced 25")
      yield* remove(archiveKey("backup", { topic: "payments", partition: 0 }, 25n))
      yield* remove(key)
      yield* putObject(archiveKey("backup", orders, 26n), bytes)
      assert.include(yield* found, "error misplaced 26")
      yield* remove(archiveKey("backup", orders, 26n))
      yield* putObject(`${key}.old`, bytes)
      assert.sameMembers(yield* found, ["error hole 55", "warning strange 25"])
      yield* remove(`${key}.old`)
      yield* putObject(key, bytes)
      yield* putObject(
        archiveKey(generationRoot("backup", "AAAAAAAAAAAAAAAAAAAAAA"), orders, 25n),
        bytes
      )
      assert.deepStrictEqual(yield* found, ["error misplaced 25"])
    }).pipe(Effect.provide(world)))

  it.effect("finds a file that an older, shorter one has replaced, and one that holds too much", () =>
    Effect.gen(function*() {
      yield* whole
      yield* range(25, 44)
      assert.deepStrictEqual(yield* found, ["error hole 55"])
      yield* range(25, 59)
      assert.deepStrictEqual(yield* found, ["error overlap 55"])
    }).pipe(Effect.provide(world)))

  it.effect("finds facts that are not so, in the file and beside it", () =>
    Effect.gen(function*() {
      yield* whole
      const wrong: ReadonlyArray<Partial<FileFacts>> = [
        { recordCount: 29 },
        { minTimestamp: 0n },
        { maxTimestamp: 1n },
        { largestRecord: 1 },
        { gaps: { ...noGaps, aborted: 1 } },
        { coverageStart: 26n }
      ]
      for (const changes of wrong) {
        yield* put(recordsFrom(orders, 25, 54), changes)
        assert.include(yield* found, "error contradiction 25", JSON.stringify(Object.keys(changes)))
      }
      const { bytes, key } = yield* range(25, 54)
      const { objects } = yield* Bucket
      objects.set(key, { bytes, lastModified: 0, metadata: factsToMetadata(someFacts) })
      assert.deepStrictEqual(yield* found, ["error contradiction 25"])
    }).pipe(Effect.provide(world)))

  it.effect("accepts gaps with a reason", () =>
    Effect.gen(function*() {
      const records = recordsFrom(orders, 0, 9).filter(({ offset }) => offset % 3n !== 1n)
      yield* put(records, { coverageNext: 12n, gaps: { ...noGaps, compacted: 3, control: 2 } })
      yield* range(12, 20)
      assert.deepStrictEqual(yield* found, [])
    }).pipe(Effect.provide(world)))
})
