/** A record as one line of JSON. */
import type { ArchivedRecord } from "../codec/RecordCursor.ts"

export type ValueFormat = "utf8" | "base64" | "json"

/** Bytes as JSON: text, or the JSON that they are. */
const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** As it was written, numbers with all their digits; outside of texts a line break is only space. */
const oneLine = (json: string): string => json.trim().replaceAll(/[\r\n]+/g, " ")

const shown = (bytes: Buffer | null, format: ValueFormat): string => {
  if (bytes === null) return "null"
  if (format === "base64") return JSON.stringify(bytes.toString("base64"))
  const text = bytes.toString("utf8")
  return format === "json" && isJson(text) ? oneLine(text) : JSON.stringify(text)
}

/** With its line break. Offset and timestamp are numbers, whatever their size. */
export const recordLine = (record: ArchivedRecord, format: ValueFormat): string => {
  const { headers, key, offset, partition, timestamp, topic, value } = record
  const entries = headers.map(([name, bytes]) =>
    `{"key":${JSON.stringify(name.toString("utf8"))},"value":${shown(bytes, format)}}`
  )
  return `{"topic":${JSON.stringify(topic)},"partition":${partition},"offset":${offset}` +
    `,"timestamp":${timestamp},"key":${shown(key, format)},"value":${shown(value, format)}` +
    `,"headers":[${entries.join(",")}]}\n`
}
