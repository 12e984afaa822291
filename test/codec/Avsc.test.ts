import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import fc from "fast-check"
import { Buffer } from "node:buffer"
import { archiveSchema, originalSchema } from "../../src/codec/AvroSchema.ts"
import type { ArchivedRecord, ReadableLayout } from "../../src/codec/RecordCursor.ts"
import type { AvscRecord } from "../support/AvscReader.ts"
import { avscRead, avscWrite } from "../support/AvscReader.ts"
import {
  archived,
  assembleBlocks,
  decodeContainer,
  encodeBatches,
  recordsOf,
  restored,
  writeContainer
} from "../support/Containers.ts"
import { anyBatches } from "../support/RecordArbitraries.ts"

/** Whether an object can hold the headers at all: `__proto__` changes what it is. */
const fitsObject = ({ headers }: ArchivedRecord) =>
  headers.every(([name]) => name.toString() !== "__proto__")

/** What a map keeps of a header list. */
const asMap = (headers: ArchivedRecord["headers"]) =>
  new Map(
    headers.map(([name, value]) => [name.toString(), value?.toString("hex") ?? ""] as const)
      .sort(([one], [other]) => one < other ? -1 : one > other ? 1 : 0)
  )

const hex = (bytes: Buffer | null) => bytes === null ? null : Buffer.from(bytes).toString("hex")

const ourForm = ({ headers, key, value, ...rest }: ArchivedRecord) => ({
  ...rest,
  key: hex(key),
  value: hex(value),
  headers: asMap(headers)
})

const avscForm = (record: AvscRecord) =>
  ourForm({
    topic: record.topic,
    partition: record.partition,
    timestamp: record.timestamp,
    offset: record.offset,
    key: record.key,
    value: record.value,
    headers: Object.entries(record.headers).map(([name, value]) => [Buffer.from(name), value])
  })

const nulls = ({ headers }: ArchivedRecord) =>
  headers.flatMap(([, value], index) => value === null ? [index] : [])

describe("avsc", () => {
  it("reads what we write", () =>
    fc.assert(
      fc.asyncProperty(anyBatches, fc.integer({ min: 1, max: 3000 }), async (batches, size) => {
        const bytes = await Effect.runPromise(writeContainer(encodeBatches(batches, size)))
        const all = batches.flatMap(archived)
        const expected = all.filter(fitsObject)
        const fits = (_: AvscRecord, index: number) => fitsObject(all[index]!)
        const found = (await avscRead(bytes)).filter(fits)
        assert.deepStrictEqual(found.map(avscForm), expected.map(ourForm))
        assert.deepStrictEqual(
          found.map((record) => record.null_headers ?? []),
          expected.map(nulls)
        )
        const asOriginal = (await avscRead(bytes, originalSchema)).filter(fits)
        assert.deepStrictEqual(asOriginal.map(avscForm), expected.map(ourForm))
        assert.isFalse(asOriginal.some((record) => "null_headers" in record))
      }),
      { numRuns: 60 }
    ))

  it("is read by us, with either schema, any block size, deflated or not", () =>
    fc.assert(
      fc.asyncProperty(
        anyBatches,
        fc.constantFrom<ReadableLayout>("ours", "original"),
        fc.constantFrom<"null" | "deflate">("null", "deflate"),
        fc.integer({ min: 100, max: 3000 }),
        async (batches, layout, codec, blockBytes) => {
          const expected = batches.flatMap(archived).filter(fitsObject).map((record) => ({
            ...record,
            headers: [...asMap(record.headers)].map(([name, value]) =>
              [Buffer.from(name), Buffer.from(value, "hex")] as const
            )
          }))
          const written = expected.map((record) => ({
            ...record,
            headers: Object.fromEntries(record.headers.map(([name, value]) => [`${name}`, value])),
            null_headers: null
          }))
          const schema = layout === "ours" ? archiveSchema : originalSchema
          const bytes = await avscWrite(schema, written, { codec, blockBytes })
          const blocks = await Effect.runPromise(decodeContainer(bytes))
          assert.deepStrictEqual(recordsOf(blocks, layout).map(ourForm), expected.map(ourForm))
          assert.strictEqual(
            assembleBlocks(blocks, { layout }).flatMap(restored).length,
            expected.length
          )
        }
      ),
      { numRuns: 60 }
    ))
})
