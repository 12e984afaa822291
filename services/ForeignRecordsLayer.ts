/** Archive records by the schema of their file, with avsc. */
import type avsc from "avsc"
import { Effect, Predicate } from "effect"
import { Buffer } from "node:buffer"
import { archiveSchema } from "../src/codec/AvroSchema.ts"
import type { CodecError } from "../src/codec/CodecError.ts"
import { corrupt } from "../src/codec/CodecError.ts"
import { codecFailure } from "../src/codec/Compression.ts"
import type { ArchivedRecord } from "../src/codec/RecordCursor.ts"
import { writeRecords } from "../src/codec/RecordWriter.ts"
import { decodeRecords, parseType, resolverOf, resolving } from "./AvroTypesLayer.ts"
import type { TranslateBlock } from "./ForeignSchema.ts"

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

const entriesType = (schemaJson: string): avsc.Type =>
  parseType(JSON.stringify(withHeaderEntries(JSON.parse(schemaJson))))

const ours = parseType(archiveSchema)
const oursWithEntries = entriesType(archiveSchema)

const resolve = (schemaJson: string): TranslateBlock => {
  // The plain schemas are compared first: what they do not allow is said in their terms.
  resolverOf(ours, parseType(schemaJson))
  const reader = oursWithEntries
  const resolver = resolverOf(reader, entriesType(schemaJson))
  return (block, recordCount) =>
    Effect.try({
      try: () => writeRecords(decodeRecords({ reader, resolver, block, recordCount }, toRecord)),
      catch: (error): CodecError => codecFailure(error, "foreign records")
    })
}

const bytesOrNull = (value: unknown): Buffer | null => Buffer.isBuffer(value) ? value : null

const toRecord = (decoded: object): ArchivedRecord => {
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

export const translator = (schema: string): Effect.Effect<TranslateBlock, CodecError> =>
  resolving("an archive record", () => resolve(schema))
