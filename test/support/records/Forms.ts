/** Records as the witness tells them and as avsc reads them from an archive, in one form. */
import { Buffer } from "node:buffer"
import { createHash } from "node:crypto"
import type { Bytes, LargeBytes, TrueRecord } from "../../../dev/truth/Truth.ts"
import type { AvscRecord } from "../AvscReader.ts"
import { maxValueBytes } from "./Keeper.ts"

export interface RecordForm {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly key: Bytes | LargeBytes
  readonly value: Bytes | LargeBytes
  /** Of duplicates the last; a null value is empty. Sorted by name. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
}

/** What a map keeps of headers. avsc cannot hold `__proto__`: it changes what an object is. */
const asMap = (headers: ReadonlyArray<readonly [string, string]>) =>
  [...new Map(headers.filter(([name]) => name !== "__proto__"))]
    .sort(([one], [other]) => one < other ? -1 : one > other ? 1 : 0)

const bytesForm = (bytes: Buffer | null): Bytes | LargeBytes =>
  bytes === null || bytes.length <= maxValueBytes
    ? bytes?.toString("hex") ?? null
    : { length: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") }

export const sourceForm = (record: TrueRecord): RecordForm => ({
  topic: record.topic,
  partition: record.partition,
  offset: record.offset,
  timestamp: record.timestamp,
  key: record.key,
  value: record.value,
  headers: asMap(record.headers.map(([name, value]) => [name, value ?? ""]))
})

export const archivedForm = (record: AvscRecord): RecordForm => ({
  topic: record.topic,
  partition: record.partition,
  offset: Number(record.offset),
  timestamp: Number(record.timestamp),
  key: bytesForm(record.key),
  value: bytesForm(record.value),
  headers: asMap(
    Object.entries(record.headers).map(([name, value]) => [name, value.toString("hex")])
  )
})
