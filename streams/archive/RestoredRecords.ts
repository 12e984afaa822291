/** Compares the records of a restored partition with those of the archive, in their order. */
import type { ReadRecord } from "../../src/codec/PlainRecords.ts"
import type { ArchivedRecord } from "../../src/codec/RecordCursor.ts"
import { sourceOffsetHeader, sourceOffsetOf } from "../restore/TargetTail.ts"

type Headers = ArchivedRecord["headers"]

const sameBytes = (one: Buffer | null, other: Buffer | null): boolean =>
  one === null || other === null ? one === other : one.equals(other)

/** Without the source offset that the restore has put there: the first header of that name. */
const ownHeaders = ({ headers }: ReadRecord): Headers => {
  const at = headers.findIndex(([name]) => name.toString() === sourceOffsetHeader)
  return at < 0 ? headers : headers.toSpliced(at, 1)
}

const sameHeaders = (one: Headers, other: Headers): boolean =>
  one.length === other.length &&
  one.every(([name, value], at) => {
    const [otherName, otherValue] = other[at] ?? []
    return otherName?.equals(name) === true && sameBytes(value, otherValue ?? null)
  })

/** Names the first field that differs; `undefined` when none does. */
const differingField = (archived: ArchivedRecord, restored: ReadRecord): string | undefined => {
  if (!sameBytes(archived.key, restored.key)) return "key"
  if (!sameBytes(archived.value, restored.value)) return "value"
  if (!sameHeaders(archived.headers, ownHeaders(restored))) return "headers"
  return archived.timestamp === restored.timestamp ? undefined : "timestamp"
}

const at = ({ offset }: ReadRecord): string => `at offset ${offset} of the target`

/** What is wrong with the two that should be the same, in a sentence; `undefined`: nothing. */
export const differenceOf = (
  archived: ArchivedRecord | undefined,
  restored: ReadRecord | undefined
): string | undefined => {
  if (restored === undefined) {
    return archived && `the record of source offset ${archived.offset} is missing at the end`
  }
  const source = sourceOffsetOf(restored)
  if (source === undefined) return `the record ${at(restored)} is of no restore`
  if (archived === undefined) {
    return `the record ${
      at(restored)
    }, of source offset ${source}, comes after the last archived one`
  }
  if (source > archived.offset) {
    return `the record of source offset ${archived.offset} is missing ${at(restored)}`
  }
  if (source < archived.offset) {
    return `the record of source offset ${source} is there once more, ${at(restored)}`
  }
  const field = differingField(archived, restored)
  return field && `the record of source offset ${source} has another ${field}, ${at(restored)}`
}
