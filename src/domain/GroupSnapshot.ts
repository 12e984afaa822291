/** What a consumer group has committed, as snapshots hold it. */

export interface CommittedPosition {
  readonly partition: number
  /** Never negative: the next record that the group has not processed. */
  readonly offset: bigint
  /** Null: unknown. */
  readonly leaderEpoch: number | null
  /** Null: none, or empty. */
  readonly metadata: string | null
}

export interface TopicPositions {
  readonly topic: string
  /** In partition order, each once. */
  readonly partitions: ReadonlyArray<CommittedPosition>
}

export interface GroupPositions {
  readonly groupId: string
  /** In name order, each once; empty for a group that has committed nothing. */
  readonly topics: ReadonlyArray<TopicPositions>
}

/** What a snapshot says of itself; snapshots of the original say nothing. */
export interface SnapshotFacts {
  readonly clusterId: string
  /** Milliseconds since the epoch. */
  readonly takenAtMs: number
  /** Every coordinator and group answered: nothing is missing, nothing is carried over. */
  readonly complete: boolean
  /** The guard kept it from replacing the main object when it was taken. */
  readonly held: boolean
}

export interface GroupSnapshot {
  readonly facts: SnapshotFacts | undefined
  /** In name order, each once. */
  readonly groups: ReadonlyArray<GroupPositions>
}

/** Number of (group, topic, partition) with a position. */
export const countPositions = (groups: ReadonlyArray<GroupPositions>): number =>
  groups.reduce(
    (sum, { topics }) => topics.reduce((count, { partitions }) => count + partitions.length, sum),
    0
  )
