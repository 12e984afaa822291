/** Schema resolution by avsc. */
import avsc from "avsc"
import { Effect, Layer, Predicate } from "effect"
import { Buffer } from "node:buffer"
import { archiveSchema } from "../src/codec/AvroSchema.ts"
import type { CodecError } from "../src/codec/CodecError.ts"
import { corrupt, unsupported } from "../src/codec/CodecError.ts"
import { codecFailure } from "../src/codec/Compression.ts"
import type { ArchivedRecord } from "../src/codec/RecordCursor.ts"
import { writeRecords } from "../src/codec/RecordWriter.ts"
import type { TranslateBlock } from "./ForeignSchema.ts"
import { ForeignSchema } from "./ForeignSchema.ts"

const { __with: longTypeOf } = avsc.types.LongType

/** avsc's own long refuses what a number cannot hold. */
const longType = longTypeOf({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(value)
    return bytes
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: Predicate.isBigInt,
  compare: (one: bigint, other: bigint) => one < other ? -1 : one > other ? 1 : 0
})

/**
 * The schema with its headers as an array of entries: the bytes are the same as a map's, but read
 * as an object they would lose order, duplicates, names that are no text, and `__proto__`.
 */
const withHeaderEntries = (schema: unknown): unknown => {
  if (!Predicate.isRecord(schema) || !Array.isArray(schema["fields"])) return schema
  return {
    ...schema,
    fields: schema["fields"].map((field: unknown) =>
      Predicate.isRecord(field) && field["name"] === "headers"
        ? { ...field, type: asEntries(field["type"]) }
        : field
    )
  }
}

const asEntries = (type: unknown): unknown => {
  if (Array.isArray(type)) return type.map(asEntries)
  if (!Predicate.isRecord(type) || type["type"] !== "map") return type
  const fields = [{ name: "name", type: "bytes" }, { name: "value", type: type["values"] }]
  return { type: "array", items: { type: "record", name: "keep.HeaderEntry", fields } }
}

const parseType = (schemaJson: string): avsc.Type =>
  avsc.Type.forSchema(JSON.parse(schemaJson), { registry: { long: longType } })

const entriesType = (schemaJson: string): avsc.Type =>
  parseType(JSON.stringify(withHeaderEntries(JSON.parse(schemaJson))))

const ours = parseType(archiveSchema)
const oursWithEntries = entriesType(archiveSchema)

/** Avro compares names without their namespace. A new object each time: avsc keeps state in it. */
const resolution = () => ({ ignoreNamespaces: true })

const resolve = (schemaJson: string): TranslateBlock => {
  // The plain schemas are compared first: what they do not allow is said in their terms.
  const writer = parseType(schemaJson)
  if (!avsc.Type.isType(writer, "record")) throw new Error(`it is no record but ${writer}`)
  ours.createResolver(writer, resolution())
  const resolver = oursWithEntries.createResolver(entriesType(schemaJson), resolution())
  return (block, recordCount) =>
    Effect.try({
      try: () => {
        const records: Array<ArchivedRecord> = []
        let at = 0
        for (let index = 0; index < recordCount; index++) {
          const { offset, value } = oursWithEntries.decode(block, at, resolver)
          if (offset < 0) throw corrupt(`the block ends inside record ${index} of ${recordCount}`)
          records.push(toRecord(value))
          at = offset
        }
        if (at !== block.length) throw corrupt(`${block.length - at} bytes follow the last record`)
        return writeRecords(records)
      },
      catch: (error): CodecError => codecFailure(error, "foreign records")
    })
}

const bytesOrNull = (value: unknown): Buffer | null => Buffer.isBuffer(value) ? value : null

const toRecord = (decoded: unknown): ArchivedRecord => {
  if (!Predicate.isObject(decoded)) throw corrupt("a record is no record")
  const field = (name: string): unknown => Reflect.get(decoded, name)
  const { offset, partition, timestamp, topic } = {
    offset: field("offset"),
    partition: field("partition"),
    timestamp: field("timestamp"),
    topic: field("topic")
  }
  if (
    typeof topic !== "string" || typeof partition !== "number" ||
    typeof timestamp !== "bigint" || typeof offset !== "bigint"
  ) throw corrupt("a record lacks topic, partition, timestamp or offset")
  const nulls = new Set(toArray(field("null_headers")))
  return {
    topic,
    partition,
    timestamp,
    offset,
    key: bytesOrNull(field("key")),
    value: bytesOrNull(field("value")),
    headers: toArray(field("headers")).map((entry, index) => toHeader(entry, nulls.has(index)))
  }
}

const toArray = (value: unknown): ReadonlyArray<unknown> => Array.isArray(value) ? value : []

const toHeader = (entry: unknown, isNull: boolean): readonly [Buffer, Buffer | null] => {
  if (!Predicate.isObject(entry)) throw corrupt("a header is no record")
  const name = bytesOrNull(Reflect.get(entry, "name"))
  const value = bytesOrNull(Reflect.get(entry, "value"))
  if (name === null) throw corrupt("a header has no name")
  return [name, isNull ? null : value]
}

export const ForeignSchemaLayer: Layer.Layer<ForeignSchema> = Layer.succeed(ForeignSchema, {
  translator: (schema) =>
    Effect.try({
      try: () => resolve(schema),
      catch: (error) =>
        unsupported(
          "the file's schema cannot be read as an archive record: " +
            (error instanceof Error ? error.message : String(error))
        )
    })
})
