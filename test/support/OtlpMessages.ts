/** The messages of OTLP as opentelemetry-proto 1.x numbers their fields, with the names of its JSON. */
import type { Field, Message } from "./Protobuf.ts"

const one = (name: string, type: Field["type"]): Field => ({ name, type })
const many = (name: string, type: Field["type"]): Field => ({ name, type, many: true })

const anyValue: Message = {
  1: one("stringValue", "string"),
  2: one("boolValue", "bool"),
  3: one("intValue", "int64"),
  4: one("doubleValue", "double"),
  5: one("arrayValue", () => ({ 1: many("values", () => anyValue) }))
}
const keyValue = (): Message => ({ 1: one("key", "string"), 2: one("value", () => anyValue) })
const resource = one("resource", () => ({ 1: many("attributes", keyValue) }))

/** A request holds resources, those hold scopes, and those hold what is sent. */
const request = (kind: string, name: string, item: Message): Message => ({
  1: many(`resource${kind}`, () => ({
    1: resource,
    2: many(`scope${kind}`, () => ({ 2: many(name, () => item) }))
  }))
})

export const tracesRequest: Message = request("Spans", "spans", {
  1: one("traceId", "hex"),
  2: one("spanId", "hex"),
  4: one("parentSpanId", "hex"),
  5: one("name", "string"),
  9: many("attributes", keyValue),
  13: many("links", () => ({ 1: one("traceId", "hex"), 2: one("spanId", "hex") })),
  15: one("status", () => ({ 2: one("message", "string"), 3: one("code", "varint") }))
})

const numbers = many("dataPoints", () => ({
  4: one("asDouble", "double"),
  6: one("asInt", "fixed64"),
  7: many("attributes", keyValue)
}))
const histograms = many("dataPoints", () => ({
  4: one("count", "fixed64"),
  5: one("sum", "double"),
  6: many("bucketCounts", "fixed64"),
  7: many("explicitBounds", "double"),
  9: many("attributes", keyValue)
}))

export const metricsRequest: Message = request("Metrics", "metrics", {
  1: one("name", "string"),
  2: one("description", "string"),
  3: one("unit", "string"),
  5: one("gauge", () => ({ 1: numbers })),
  7: one("sum", () => ({
    1: numbers,
    2: one("aggregationTemporality", "varint"),
    3: one("isMonotonic", "bool")
  })),
  9: one("histogram", () => ({ 1: histograms, 2: one("aggregationTemporality", "varint") }))
})

export const logsRequest: Message = request("Logs", "logRecords", {
  1: one("timeUnixNano", "fixed64"),
  2: one("severityNumber", "varint"),
  3: one("severityText", "string"),
  5: one("body", () => anyValue),
  6: many("attributes", keyValue),
  9: one("traceId", "hex"),
  10: one("spanId", "hex")
})
