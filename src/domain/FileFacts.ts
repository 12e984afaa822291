/**
 * What an archive file says of itself: the container metadata `kafka-data-keep.*`, mirrored as
 * object metadata. Facts are counted while a file grows and patched into its header in place.
 */

/** Why offsets inside a coverage hold no record. */
export type GapReason = "compacted" | "control" | "aborted" | "deleted" | "unknown"

export const gapReasons: ReadonlyArray<GapReason> = [
  "compacted",
  "control",
  "aborted",
  "deleted",
  "unknown"
]

/** Number of offsets without a record, by reason. */
export type GapCounts = Readonly<Record<GapReason, number>>

export const noGaps: GapCounts = { compacted: 0, control: 0, aborted: 0, deleted: 0, unknown: 0 }

export type TimestampType = "CreateTime" | "LogAppendTime"

export interface FileFacts {
  readonly formatVersion: number
  readonly clusterId: string
  /** Kafka's 22-character base64url topic id. */
  readonly topicId: string
  /** Partitions that the topic had when the file was opened. */
  readonly partitionCount: number
  readonly timestampType: TimestampType
  /** First offset accounted for, gaps included. */
  readonly coverageStart: bigint
  /** Offset after the last one accounted for. */
  readonly coverageNext: bigint
  readonly recordCount: number
  /** Bytes of the largest record: key, value and header section, uncompressed. */
  readonly largestRecord: number
  /** Milliseconds since the epoch. */
  readonly minTimestamp: bigint
  readonly maxTimestamp: bigint
  /** Of the batch of the first record; -1 unknown. */
  readonly firstLeaderEpoch: number
  /** Of the last batch of the coverage, which may be one without records; -1 unknown. */
  readonly lastLeaderEpoch: number
  readonly gaps: GapCounts
}
