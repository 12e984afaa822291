/** Decides on records by offset and timestamp, without an object or a bigint for each. */
import type { RecordRange } from "../domain/RecordRange.ts"
import { isInRange } from "../domain/RecordRange.ts"
import type { RecordCursor } from "./RecordCursor.ts"

/** Whether the record that the cursor stands on is meant. */
export type RecordFilter = (record: RecordCursor) => boolean

const numberOf = (bound: bigint | undefined, unbounded: number): number =>
  bound === undefined ? unbounded : Number(bound)

/** `undefined`: all records are meant. */
export const recordFilter = (range: RecordRange): RecordFilter | undefined => {
  if (Object.values(range).every((bound) => bound === undefined)) return undefined
  const fromOffset = numberOf(range.fromOffset, -Infinity)
  const toOffset = numberOf(range.toOffset, Infinity)
  const fromTime = numberOf(range.fromTimeMs, -Infinity)
  const toTime = numberOf(range.toTimeMs, Infinity)
  return (record) => {
    const { offset, timestamp } = record
    // A bound that is no safe integer is rounded, yet never over one that is.
    return Number.isNaN(offset) || Number.isNaN(timestamp)
      ? isInRange(range, record.exactOffset(), record.exactTimestamp())
      : offset >= fromOffset && offset < toOffset && timestamp >= fromTime && timestamp < toTime
  }
}
