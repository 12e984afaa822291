/** Archive files that the original program wrote, and what an independent reader found in them. */
import { Predicate } from "effect"
import { Buffer } from "node:buffer"
import { createHash } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import type { ArchivedRecord } from "../../src/codec/RecordCursor.ts"

const root = new URL("../fixtures/", import.meta.url)

const archiveRoot = new URL("archive/", root)

/** Keys below the archive's prefix, in key order. */
export const fixtureKeys: ReadonlyArray<string> = readdirSync(archiveRoot, { recursive: true })
  .map((name) => String(name).replaceAll("\\", "/"))
  .filter((name) => name.endsWith(".avro"))
  .sort()

export const fixtureBytes = (key: string): Buffer => readFileSync(new URL(key, archiveRoot))

/** A line of `records.jsonl` in the form of {@link fixtureForm}. */
export interface FixtureRecord {
  readonly partition: number
  readonly offset: string
  readonly timestamp: string
  readonly key: unknown
  readonly value: unknown
  readonly headers: ReadonlyArray<readonly [string, unknown]>
}

const byName = (one: readonly [string, unknown], other: readonly [string, unknown]) =>
  one[0] < other[0] ? -1 : one[0] > other[0] ? 1 : 0

const fromLine = (line: string): readonly [file: string, record: FixtureRecord] => {
  const parsed: unknown = JSON.parse(line)
  if (!Predicate.isRecord(parsed) || !Predicate.isRecord(parsed["headers"])) throw new Error(line)
  return [String(parsed["file"]), {
    partition: Number(parsed["partition"]),
    offset: String(parsed["offset"]),
    timestamp: String(parsed["timestamp"]),
    key: parsed["key"],
    value: parsed["value"],
    headers: Object.entries(parsed["headers"]).sort(byName)
  }]
}

const lines = readFileSync(new URL("records.jsonl", root), "utf8").trim().split("\n").map(fromLine)

export const fixtureRecords = (key: string): ReadonlyArray<FixtureRecord> =>
  lines.filter(([file]) => file === key).map(([, record]) => record)

/** Bytes longer than this are told by hash and length. */
const shown = Math.max(
  ...lines.flatMap(([, { key, value }]) => [key, value])
    .map((field) => typeof field === "string" ? field.length / 2 : 0)
)

const bytesForm = (bytes: Buffer | null): unknown =>
  bytes === null || bytes.length <= shown
    ? bytes?.toString("hex") ?? null
    : { sha256: createHash("sha256").update(bytes).digest("hex"), length: bytes.length }

/** A record of ours in the form of the independent reader's. */
export const fixtureForm = (record: Omit<ArchivedRecord, "topic">): FixtureRecord => ({
  partition: record.partition,
  offset: String(record.offset),
  timestamp: String(record.timestamp),
  key: bytesForm(record.key),
  value: bytesForm(record.value),
  headers: record.headers
    .map(([name, value]) => [name.toString(), bytesForm(value)] as const)
    .sort(byName)
})
