/** The Avro schemas of archive files, and which byte layout a file's own schema stands for. */
import { Predicate } from "effect"
import { corrupt } from "./CodecError.ts"

/**
 * The order of bytes in a record. `ours`: the fields of {@link archiveSchema}; `original`: the same
 * without `null_headers`; `foreign`: anything else, to be resolved before it can be read.
 */
export type Layout = "ours" | "original" | "foreign"

const fullName = "github.utilitywarehouse.kafka_backup_restore.KafkaRecord"

const originalFields = [
  { name: "key", type: ["null", "bytes"] },
  { name: "value", type: ["null", "bytes"] },
  { name: "headers", type: { type: "map", values: "bytes" } },
  { name: "topic", type: "string" },
  { name: "partition", type: "int" },
  { name: "timestamp", type: "long" },
  { name: "offset", type: "long" }
]

const fields = [
  ...originalFields,
  // Positions in the headers' order of those whose value is null; Avro map values cannot be.
  { name: "null_headers", type: ["null", { type: "array", items: "int" }], default: null }
]

/** The schema that the original program writes and reads with, byte for byte. */
export const originalSchema = JSON.stringify({
  name: fullName,
  type: "record",
  fields: originalFields
})

/** The schema of the files that this program writes. The original skips its last field. */
export const archiveSchema = JSON.stringify({ name: fullName, type: "record", fields })

/** What of a type decides about bytes: docs, defaults, logical types and namespaces do not. */
const shapeOf = (type: unknown): unknown => {
  if (Array.isArray(type)) return type.map(shapeOf)
  if (!Predicate.isRecord(type)) return type
  switch (type["type"]) {
    case "array":
      return { type: "array", items: shapeOf(type["items"]) }
    case "map":
      return { type: "map", values: shapeOf(type["values"]) }
    case "record":
    case "enum":
    case "fixed":
      return { type: type["type"], name: type["name"] }
    default:
      return shapeOf(type["type"])
  }
}

const shapesOf = (list: ReadonlyArray<unknown>): string =>
  JSON.stringify(
    list.map((field) => Predicate.isRecord(field) ? [field["name"], shapeOf(field["type"])] : null)
  )

const ourShapes = shapesOf(fields)
const originalShapes = shapesOf(originalFields)

/** Throws `CodecError` Corrupt when the text is not the JSON of an Avro schema at all. */
export const layoutOf = (schemaJson: string): Layout => {
  const schema = parseSchema(schemaJson)
  if (!Predicate.isRecord(schema) || schema["type"] !== "record") return "foreign"
  if (!Array.isArray(schema["fields"])) throw corrupt("the record schema has no fields")
  const shapes = shapesOf(schema["fields"])
  return shapes === ourShapes ? "ours" : shapes === originalShapes ? "original" : "foreign"
}

const parseSchema = (schemaJson: string): unknown => {
  try {
    return JSON.parse(schemaJson)
  } catch {
    throw corrupt("the schema is not JSON")
  }
}
