/** Whether a restored record is a record of the archive. */
import type { ReadRecord } from "../../src/codec/PlainRecords.ts"
import type { ArchivedRecord } from "../../src/codec/RecordCursor.ts"
import { sourceOffsetHeader } from "./TargetTail.ts"

type Headers = ArchivedRecord["headers"]

const sameBytes = (one: Buffer | null, other: Buffer | null): boolean =>
  one === null || other === null ? one === other : one.equals(other)

const noBytes = Buffer.alloc(0)

/** The last of equal names, null as empty, and not the source offset. */
const byName = (headers: Headers): ReadonlyMap<string, Buffer> => {
  const values = new Map(
    headers.map(([name, value]) => [name.toString("latin1"), value ?? noBytes] as const)
  )
  values.delete(sourceOffsetHeader)
  return values
}

/** What every writer of archives and targets keeps of headers is the same. */
export const sameHeaders = (one: Headers, other: Headers): boolean => {
  const values = byName(other)
  const names = byName(one)
  return names.size === values.size &&
    [...names].every(([name, value]) => values.get(name)?.equals(value) ?? false)
}

/**
 * Key, value, timestamp and headers are equal. Of headers only what every writer of archives and
 * targets keeps: the original keeps neither their order, nor equal names, nor null.
 */
export const sameRecord = (archived: ArchivedRecord, restored: ReadRecord): boolean =>
  archived.timestamp === restored.timestamp &&
  sameBytes(archived.key, restored.key) &&
  sameBytes(archived.value, restored.value) &&
  sameHeaders(archived.headers, restored.headers)
