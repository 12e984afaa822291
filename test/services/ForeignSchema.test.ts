import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Buffer } from "node:buffer"
import { ForeignSchema } from "../../services/ForeignSchema.ts"
import { ForeignSchemaLayer } from "../../services/ForeignSchemaLayer.ts"
import { archiveSchema, layoutOf, originalSchema } from "../../src/codec/AvroSchema.ts"
import { readContainer } from "../../src/codec/ContainerReader.ts"
import { readRecords } from "../../src/codec/RecordCursor.ts"
import { avscWrite } from "../support/AvscReader.ts"
import { chunked, decodeContainer } from "../support/Containers.ts"

const max = 2n ** 63n - 1n

/** Fields in another order, more of them, promotions, and unions the other way round. */
const foreignSchema = JSON.stringify({
  type: "record",
  name: "KafkaRecord",
  namespace: "com.example",
  doc: "somebody else's",
  fields: [
    { name: "offset", type: "long" },
    { name: "source", type: ["null", "string", { type: "array", items: "double" }] },
    { name: "topic", type: "bytes" },
    { name: "value", type: ["bytes", "null"] },
    { name: "partition", type: "int" },
    { name: "headers", type: { type: "map", values: "bytes" } },
    { name: "timestamp", type: "int" },
    { name: "key", type: "string" }
  ]
})

const written: ReadonlyArray<object> = [
  {
    offset: max,
    source: [1, 2.5],
    topic: Buffer.from("orders.v1"),
    value: null,
    partition: 3,
    headers: { b: Buffer.from("1"), a: Buffer.from([0xff]), constructor: Buffer.alloc(0) },
    timestamp: -7,
    key: "ключ"
  },
  {
    offset: 5n,
    source: null,
    topic: Buffer.from("orders.v1"),
    value: Buffer.from([1, 2, 3]),
    partition: 3,
    headers: {},
    timestamp: 2 ** 31 - 1,
    key: ""
  }
]

const expected = [
  {
    topic: "orders.v1",
    partition: 3,
    offset: max,
    timestamp: -7n,
    key: Buffer.from("ключ"),
    value: null,
    headers: [
      [Buffer.from("b"), Buffer.from("1")],
      [Buffer.from("a"), Buffer.from([0xff])],
      [Buffer.from("constructor"), Buffer.alloc(0)]
    ]
  },
  {
    topic: "orders.v1",
    partition: 3,
    offset: 5n,
    timestamp: 2n ** 31n - 1n,
    key: Buffer.alloc(0),
    value: Buffer.from([1, 2, 3]),
    headers: []
  }
]

const translator = (schema: string) =>
  Effect.flatMap(ForeignSchema, (foreign) => foreign.translator(schema)).pipe(
    Effect.provide(ForeignSchemaLayer)
  )

const block = Effect.gen(function*() {
  const blocks = yield* decodeContainer(
    yield* Effect.promise(() => avscWrite(foreignSchema, written))
  )
  const [first] = blocks
  if (first === undefined) throw new Error("no block")
  return first
})

/** The archive schema with one field's type replaced. */
const withType = (field: string, type: unknown) => {
  const schema: { fields: ReadonlyArray<{ name: string }> } = JSON.parse(originalSchema)
  return JSON.stringify({
    ...schema,
    fields: schema.fields.map((old) => old.name === field ? { name: field, type } : old)
  })
}

describe("ForeignSchema", () => {
  it.effect("turns a block into our layout", () =>
    Effect.gen(function*() {
      const translate = yield* translator(foreignSchema)
      const { bytes, recordCount } = yield* block
      const ours = yield* translate(bytes, recordCount)
      assert.deepStrictEqual<unknown>(readRecords(ours, "ours", 2), expected)
    }))

  it.effect("keeps header order, duplicates and names that are no text", () =>
    Effect.gen(function*() {
      const translate = yield* translator(
        withType("partition", "int").replace("\"int\"", "[\"int\"]")
      )
      const entry = (name: string, value: string) => `02${name}02${value}`
      const headers = `08${entry("62", "31")}${entry("61", "32")}${entry("62", "33")}${
        entry("ff", "34")
      }00`
      const bytes = Buffer.from(`0000${headers}027400060204`, "hex")
      const [record] = readRecords(yield* translate(bytes, 1), "ours", 1)
      assert.deepStrictEqual(
        record?.headers.map(([name, value]) => [name.toString("hex"), String(value)]),
        [["62", "1"], ["61", "2"], ["62", "3"], ["ff", "4"]]
      )
      assert.strictEqual(record?.partition, 3)
    }))

  it.effect("refuses schemas that Avro cannot resolve, and says why", () =>
    Effect.gen(function*() {
      const refused: ReadonlyArray<readonly [string, RegExp]> = [
        [withType("offset", "string"), /cannot read .*string.* as .*long/],
        [withType("offset", "double"), /cannot read .*double/],
        [withType("headers", { type: "map", values: ["null", "bytes"] }), /cannot read .*null/],
        [withType("headers", { type: "array", items: "bytes" }), /cannot read/],
        [originalSchema.replace("\"offset\"", "\"position\""), /offset/],
        [originalSchema.replace("KafkaRecord", "Person"), /Person/],
        ["\"bytes\"", /no record but "bytes"/],
        ["{\"type\":\"unheard-of\"}", /unheard-of/],
        ["{", /JSON/]
      ]
      for (const [schema, why] of refused) {
        const error = yield* Effect.flip(translator(schema))
        assert.strictEqual(error.reason, "Unsupported")
        assert.match(error.message, why, schema)
      }
    }))

  it.effect("finds blocks that do not hold what they say", () =>
    Effect.gen(function*() {
      const translate = yield* translator(foreignSchema)
      const { bytes } = yield* block
      for (const [part, count] of [[bytes, 1], [bytes, 3], [bytes.subarray(0, -1), 2]] as const) {
        assert.strictEqual((yield* Effect.flip(translate(part, count))).reason, "Corrupt")
      }
    }))

  it.effect("is asked for exactly by the layout of the header", () =>
    Effect.scoped(Effect.gen(function*() {
      const bytes = yield* Effect.promise(() => avscWrite(foreignSchema, written))
      const { header } = yield* readContainer(chunked(bytes))
      assert.strictEqual(header.layout, "foreign")
      assert.strictEqual(layoutOf(archiveSchema), "ours")
    })))
})
