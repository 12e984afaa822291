import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Stream } from "effect"
import fc from "fast-check"
import { Buffer } from "node:buffer"
import { ForeignSchemaLayer } from "../../services/ForeignSchemaLayer.ts"
import { parseContainerHeader } from "../../src/codec/ContainerHeader.ts"
import { readContainer } from "../../src/codec/ContainerReader.ts"
import { encodeGroupFile, groupReaderSchema, groupSchema } from "../../src/codec/GroupFile.ts"
import type { GroupPositions, GroupSnapshot } from "../../src/domain/GroupSnapshot.ts"
import { readGroupFile } from "../../streams/snapshot/GroupFiles.ts"
import { avscReadAny, avscWrite } from "../support/AvscReader.ts"
import { chunked, decodeContainer } from "../support/Containers.ts"
import { fixtureBytes, fixtureKeys } from "../support/Fixtures.ts"
import {
  anyGroups,
  anySnapshotFacts,
  manyGroups,
  someSnapshotFacts
} from "../support/GroupArbitraries.ts"
import { fixtureGroups, groupFixtureBytes } from "../support/GroupFixtures.ts"

const originalSchema = parseContainerHeader(groupFixtureBytes()).schema

const read = (bytes: Buffer, chunkSize?: number) =>
  readGroupFile(chunked(bytes, chunkSize)).pipe(Effect.provide(ForeignSchemaLayer))

/** A group as a reader of the original's schema sees it. */
const originalForm = ({ groupId, topics }: GroupPositions) => ({
  group_id: groupId,
  topics: topics.map(({ partitions, topic }) => ({
    topic,
    partitions: partitions.map(({ leaderEpoch, metadata, offset, partition }) => ({
      partition,
      offset,
      leader_epoch: leaderEpoch,
      metadata
    }))
  }))
})

/** avsc's records have prototypes of their own. */
const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, each) => typeof each === "bigint" ? `${each}n` : each))

const someSnapshot: GroupSnapshot = {
  facts: someSnapshotFacts,
  groups: manyGroups(3).concat([{ groupId: "no-positions", topics: [] }])
}

describe("snapshot file", () => {
  it("has the schema of the original, byte for byte", () => {
    assert.strictEqual(groupSchema, originalSchema)
  })

  it("is read by avsc with the original's schema as what was written", () =>
    fc.assert(
      fc.asyncProperty(anyGroups, fc.option(anySnapshotFacts), async (groups, facts) => {
        const bytes = await Effect.runPromise(
          encodeGroupFile({ facts: facts ?? undefined, groups })
        )
        const found = await avscReadAny(bytes, originalSchema)
        assert.deepStrictEqual(plain(found), plain(groups.map(originalForm)))
      }),
      { numRuns: 100 }
    ))

  it("comes back as it was, facts included", () =>
    fc.assert(
      fc.asyncProperty(
        anyGroups,
        fc.option(anySnapshotFacts, { nil: undefined }),
        fc.integer({ min: 1, max: 300 }),
        async (groups, facts, chunkSize) => {
          const bytes = await Effect.runPromise(encodeGroupFile({ facts, groups }))
          assert.deepStrictEqual(await Effect.runPromise(read(bytes, chunkSize)), { facts, groups })
        }
      ),
      { numRuns: 100 }
    ))

  it.effect("has blocks of bounded size, and the same bytes each time", () =>
    Effect.gen(function*() {
      const groups = manyGroups(4000)
      const sync = Buffer.alloc(16, 7)
      const bytes = yield* encodeGroupFile({ facts: undefined, groups }, sync)
      const blocks = yield* decodeContainer(bytes)
      assert.isAbove(blocks.length, 3)
      assert.isBelow(Math.max(...blocks.map((block) => block.bytes.length)), 300_000)
      assert.deepStrictEqual((yield* read(bytes)).groups, groups)
      assert.isTrue(bytes.equals(yield* encodeGroupFile({ facts: undefined, groups }, sync)))
    }))

  it.effect("says nothing of itself without facts, and much with them", () =>
    Effect.gen(function*() {
      const keysOf = (bytes: Buffer) => [...parseContainerHeader(bytes).metadata.keys()]
      const { groups } = someSnapshot
      assert.deepStrictEqual(keysOf(yield* encodeGroupFile({ facts: undefined, groups })), [
        "avro.schema",
        "avro.codec"
      ])
      const { metadata } = parseContainerHeader(yield* encodeGroupFile(someSnapshot))
      const text = (name: string) => metadata.get(`kafka-data-keep.groups.${name}`)?.toString()
      assert.strictEqual(text("taken-at"), "2026-11-22T20:05:00.123Z")
      assert.strictEqual(text("group-count"), "4")
      assert.strictEqual(text("position-count"), "30")
      assert.strictEqual(text("held"), "false")
    }))

  it.effect(
    "with a damaged byte, or cut off anywhere, is never another snapshot",
    () =>
      Effect.gen(function*() {
        const bytes = yield* encodeGroupFile(someSnapshot)
        for (let at = 0; at < bytes.length; at++) {
          const damaged = Buffer.from(bytes)
          damaged[at] = damaged[at]! ^ [0x01, 0x20, 0xff][at % 3]!
          const found = yield* Effect.either(read(damaged))
          if (Either.isRight(found)) assert.deepStrictEqual(found.right, someSnapshot, `at ${at}`)
          else assert.strictEqual(found.left._tag, "CodecError")
          if (at % 5 > 0) continue
          const error = yield* Effect.flip(read(bytes.subarray(0, at)))
          assert.strictEqual(error._tag, "CodecError")
        }
      }),
    60_000
  )

  it.effect("is not taken for whole when its last blocks are missing", () =>
    Effect.gen(function*() {
      const bytes = yield* encodeGroupFile({ facts: someSnapshotFacts, groups: manyGroups(3000) })
      const { size } = parseContainerHeader(bytes)
      const blocks = yield* Effect.scoped(
        Effect.flatMap(readContainer(chunked(bytes)), (opened) => Stream.runCollect(opened.blocks))
      )
      for (const end of [size, ...[...blocks].slice(0, -1).map((block) => block.end)]) {
        const error = yield* Effect.flip(read(bytes.subarray(0, end)))
        assert.match(error.message, /its header says 30000 of 3000/)
      }
    }))

  it.effect("of the original has what an independent reader found in it", () =>
    Effect.gen(function*() {
      const snapshot = yield* read(groupFixtureBytes(), 50)
      assert.deepStrictEqual(snapshot, { facts: undefined, groups: fixtureGroups })
      assert.strictEqual(fixtureGroups[0]?.topics[0]?.partitions[0]?.metadata?.at(-1), "\0")
    }))

  it.effect("is not written with positions that cannot be", () =>
    Effect.gen(function*() {
      for (const offset of [-1n, 2n ** 63n]) {
        const partitions = [{ partition: 0, offset, leaderEpoch: null, metadata: null }]
        const groups = [{ groupId: "g", topics: [{ topic: "orders", partitions }] }]
        const error = yield* Effect.flip(encodeGroupFile({ facts: undefined, groups }))
        assert.strictEqual(error.reason, "Corrupt")
      }
    }))

  it.effect("may hold no groups, but not nothing at all", () =>
    Effect.gen(function*() {
      for (const facts of [undefined, someSnapshotFacts]) {
        const bytes = yield* encodeGroupFile({ facts, groups: [] })
        assert.deepStrictEqual(yield* read(bytes), { facts, groups: [] })
      }
      assert.match((yield* Effect.flip(read(Buffer.alloc(0)))).message, /empty/)
    }))

  it.effect("is not mistaken for an archive file, nor the other way round", () =>
    Effect.gen(function*() {
      const [key = ""] = fixtureKeys
      const error = yield* Effect.flip(read(fixtureBytes(key)))
      assert.match(error.message, /records of a topic, not consumer groups/)
      assert.strictEqual(
        parseContainerHeader(yield* encodeGroupFile(someSnapshot)).layout,
        "foreign"
      )
    }))

  it.effect("of others may come in several parts, which may not contradict each other", () =>
    Effect.gen(function*() {
      const part = (groupId: string, partition: number) => ({
        groupId,
        topics: [{
          topic: "orders",
          partitions: [{ partition, offset: 5n, leaderEpoch: null, metadata: null }]
        }]
      })
      const write = (groups: ReadonlyArray<GroupPositions>) =>
        Effect.promise(() =>
          avscWrite(groupReaderSchema, groups.map(originalForm), { blockBytes: 1 })
        )
      const parts = yield* write([part("b", 1), part("a", 0), part("b", 0)])
      assert.deepStrictEqual(
        (yield* read(parts)).groups.map(({ groupId, topics }) => [
          groupId,
          topics[0]?.partitions.length
        ]),
        [["a", 1], ["b", 2]]
      )
      const error = yield* Effect.flip(read(yield* write([part("b", 1), part("b", 1)])))
      assert.match(error.message, /group b: orders\/1 has two positions/)
    }))
})
