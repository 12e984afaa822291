/** Counts what goes into one archive file while it grows, and states it as the file's facts. */
import type { FileFacts, GapCounts, TimestampType } from "./FileFacts.ts"
import { gapReasons, noGaps } from "./FileFacts.ts"

/** Which life of which topic the records belong to. */
export interface Origin {
  readonly clusterId: string
  readonly topicId: string
  readonly partitionCount: number
}

/** What one block adds: its records, and the offsets without records up to `coverageNext`. */
export interface BlockFacts {
  readonly recordCount: number
  readonly coverageNext: bigint
  readonly gaps: GapCounts
  readonly largestRecord: number
  readonly minTimestamp: bigint
  readonly maxTimestamp: bigint
  readonly firstLeaderEpoch: number
  readonly lastLeaderEpoch: number
}

export const addGaps = (a: GapCounts, b: GapCounts): GapCounts => ({
  compacted: a.compacted + b.compacted,
  control: a.control + b.control,
  aborted: a.aborted + b.aborted,
  deleted: a.deleted + b.deleted,
  unknown: a.unknown + b.unknown
})

export const formatVersion = 1

/** Facts of a file that holds nothing yet. `gaps` are those in front of its first record. */
export const openFacts = (
  origin: Origin,
  timestampType: TimestampType,
  coverageStart: bigint,
  gaps: GapCounts = noGaps
): FileFacts => ({
  ...origin,
  formatVersion,
  timestampType,
  coverageStart,
  coverageNext: coverageStart,
  recordCount: 0,
  largestRecord: 0,
  minTimestamp: 0n,
  maxTimestamp: 0n,
  firstLeaderEpoch: -1,
  lastLeaderEpoch: -1,
  gaps
})

export const withBlock = (facts: FileFacts, block: BlockFacts): FileFacts => {
  const first = facts.recordCount === 0
  return {
    ...facts,
    coverageNext: block.coverageNext,
    recordCount: facts.recordCount + block.recordCount,
    gaps: addGaps(facts.gaps, block.gaps),
    largestRecord: Math.max(facts.largestRecord, block.largestRecord),
    minTimestamp: first || block.minTimestamp < facts.minTimestamp
      ? block.minTimestamp
      : facts.minTimestamp,
    maxTimestamp: first || block.maxTimestamp > facts.maxTimestamp
      ? block.maxTimestamp
      : facts.maxTimestamp,
    firstLeaderEpoch: first ? block.firstLeaderEpoch : facts.firstLeaderEpoch,
    lastLeaderEpoch: block.lastLeaderEpoch
  }
}

/**
 * Offsets behind the last block that turned out to hold no record. `lastLeaderEpoch`: of the batch
 * that they end with; -1 when there was none.
 */
export const withTrailingGaps = (
  facts: FileFacts,
  coverageNext: bigint,
  gaps: GapCounts,
  lastLeaderEpoch = -1
): FileFacts => ({
  ...facts,
  coverageNext,
  gaps: addGaps(facts.gaps, gaps),
  lastLeaderEpoch: Math.max(facts.lastLeaderEpoch, lastLeaderEpoch)
})

/** Whether every offset of the coverage is accounted for exactly once, as in facts that we count. */
export const isConsistent = ({ coverageNext, coverageStart, gaps, recordCount }: FileFacts) =>
  coverageNext - coverageStart
    === BigInt(recordCount) + gapReasons.reduce((sum, reason) => sum + BigInt(gaps[reason]), 0n)
