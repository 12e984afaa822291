/** What the fetch loops, the committer and the gauges know of one partition being backed up. */
import type { TopicCounts } from "../../services/Progress.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import type { PartitionFailure } from "./Archived.ts"
import type { PartitionWriter } from "./PartitionWriter.ts"

export interface OwnedPartition extends TopicPartition {
  readonly topicId: string
  readonly writer: PartitionWriter
  /** What has been taken in of its topic. */
  readonly counts: TopicCounts
  /** Stops this partition, and only it: nothing more is taken in. */
  readonly fail: (error: PartitionFailure) => void
  /** Notes for the next commit how far the partition is durable. */
  readonly markDurable: () => void
  /** It is no longer ours: nothing is committed any more. */
  readonly release: () => void
  /** It has failed, or is being given up. */
  stopped: boolean
  /** Where a `--once` run is done with it: the last stable offset when it was opened. */
  readonly end: bigint
  /** Where it was taken up when it was opened. */
  readonly start: bigint
  /** Records below it were committed before, though the archive does not hold them. */
  readonly committedBefore: bigint
  /** The next fetch begins here; ahead of the writer while a response is being worked on. */
  fetchOffset: bigint
  /** Node id, -1 while unknown. */
  leader: number
  leaderEpoch: number
  /** Leader epoch of the last batch taken in; -1 unknown. */
  readEpoch: number
  /** The leader epoch for which the log is known to hold what was read; only then it is fetched. */
  validEpoch: number
  /** Not fetched before this time, milliseconds since the epoch. */
  notBeforeMs: number
  /** Requests sent and not yet worked off, all of them to `requestedFrom`. */
  outstanding: number
  requestedFrom: number
  highWatermark: bigint
  lastStableOffset: bigint
  logStartOffset: bigint
}

/** The partitions being backed up, by name. Entries come and go with the assignment. */
export type OwnedPartitions = Map<string, OwnedPartition>

export const isCurrent = (owned: OwnedPartitions, partition: OwnedPartition): boolean =>
  !partition.stopped && owned.get(topicPartitionName(partition)) === partition

/** Everything that a `--once` run wants of the partition has been taken in. */
export const reachedEnd = (partition: OwnedPartition): boolean =>
  partition.writer.position() >= partition.end || partition.logStartOffset >= partition.end
