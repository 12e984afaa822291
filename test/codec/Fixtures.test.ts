import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { layoutOf, originalSchema } from "../../src/codec/AvroSchema.ts"
import { readContainer } from "../../src/codec/ContainerReader.ts"
import { parseArchiveKey } from "../../src/domain/ArchiveKey.ts"
import {
  assembleBlocks,
  chunked,
  decodeContainer,
  recordsOf,
  restored,
  sourceOffsetHeader
} from "../support/Containers.ts"
import { fixtureBytes, fixtureForm, fixtureKeys, fixtureRecords } from "../support/Fixtures.ts"

describe("files of the original", () => {
  it("are all there", () => {
    assert.strictEqual(fixtureKeys.length, 7)
  })

  for (const key of fixtureKeys) {
    const name = parseArchiveKey(`archive/${key}`)
    if (name === undefined) throw new Error(key)

    it.effect(`decodes ${key}`, () =>
      Effect.gen(function*() {
        const blocks = yield* decodeContainer(fixtureBytes(key), 64 * 1024)
        const records = recordsOf(blocks, "original")
        assert.deepStrictEqual(records.map(fixtureForm), fixtureRecords(key))
        assert.deepStrictEqual(
          new Set(records.map((record) => record.topic)),
          new Set([name.topic])
        )
      }))

    it.effect(`restores ${key}`, () =>
      Effect.gen(function*() {
        const blocks = yield* decodeContainer(fixtureBytes(key))
        const batches = assembleBlocks(blocks, { layout: "original", source: name })
        const records = batches.flatMap(restored).map(({ headers, ...record }) => {
          const [first, ...rest] = headers
          assert.strictEqual(first?.[0].toString(), sourceOffsetHeader)
          const offset = BigInt(String(first?.[1]))
          return fixtureForm({ ...record, partition: name.partition, offset, headers: rest })
        })
        assert.deepStrictEqual(records, fixtureRecords(key))
      }))

    it.effect(`reads the header of ${key}`, () =>
      Effect.scoped(Effect.gen(function*() {
        const { header } = yield* readContainer(chunked(fixtureBytes(key), 7))
        assert.strictEqual(header.schema, originalSchema)
        assert.strictEqual(layoutOf(header.schema), "original")
        assert.strictEqual(header.facts, undefined)
      })))
  }
})
