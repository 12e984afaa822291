/** Which records are meant. Ranges include their start and exclude their end. */

export interface RecordRange {
  /** Offsets; `undefined`: unbounded. */
  readonly fromOffset: bigint | undefined
  readonly toOffset: bigint | undefined
  /** Milliseconds since the epoch; `undefined`: unbounded. */
  readonly fromTimeMs: bigint | undefined
  readonly toTimeMs: bigint | undefined
}

export const allRecords: RecordRange = {
  fromOffset: undefined,
  toOffset: undefined,
  fromTimeMs: undefined,
  toTimeMs: undefined
}

const within = (value: bigint, from: bigint | undefined, to: bigint | undefined): boolean =>
  (from === undefined || value >= from) && (to === undefined || value < to)

/** Whether a record with this offset and timestamp is in the range. */
export const isInRange = (
  { fromOffset, fromTimeMs, toOffset, toTimeMs }: RecordRange,
  offset: bigint,
  timestampMs: bigint
): boolean => within(offset, fromOffset, toOffset) && within(timestampMs, fromTimeMs, toTimeMs)

/** Whether a record with a timestamp between these two, both included, can be in the range. */
export const overlapsTimes = (
  { fromTimeMs, toTimeMs }: RecordRange,
  minTimestampMs: bigint,
  maxTimestampMs: bigint
): boolean =>
  (fromTimeMs === undefined || maxTimestampMs >= fromTimeMs) &&
  (toTimeMs === undefined || minTimestampMs < toTimeMs)
