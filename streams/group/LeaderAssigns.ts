/** The leader's part of a rebalance: who of the members gets which partition. */
import { Effect } from "effect"
import type { ClusterMetadata, JoinResponse, KafkaError } from "../../services/Kafka.ts"
import { Kafka } from "../../services/Kafka.ts"
import { decodeSubscription, encodeAssignment } from "../../src/codec/kafka/ConsumerProtocol.ts"
import type { GroupMember } from "../../src/domain/CooperativeSticky.ts"
import { assignCooperatively } from "../../src/domain/CooperativeSticky.ts"

/** Partitions by topic; a topic that does not exist is missing. */
export type PartitionCounts = ReadonlyMap<string, number>

/**
 * A topic that is known not to exist is left out. One whose state cannot be told keeps the count it
 * had in `before`: nobody shall lose partitions because a broker is starting up.
 */
const countsIn = (metadata: ClusterMetadata, before: PartitionCounts): PartitionCounts =>
  new Map(metadata.topics.flatMap(({ error, partitions, topic }) => {
    if (error === "UNKNOWN_TOPIC_OR_PARTITION") return []
    const count = error === undefined ? partitions.length : before.get(topic)
    return count === undefined ? [] : [[topic, count] as const]
  }))

/** As many partitions as the members' claims prove, for a leader that has not looked before. */
export const provenCounts = (members: ReadonlyArray<GroupMember>): PartitionCounts => {
  const counts = new Map<string, number>()
  for (const { partition, topic } of members.flatMap(({ owned }) => owned)) {
    counts.set(topic, Math.max(counts.get(topic) ?? 0, partition + 1))
  }
  return counts
}

/** Asks the cluster, not a cache. */
export const partitionCounts = (
  topics: ReadonlyArray<string>,
  before: PartitionCounts
): Effect.Effect<PartitionCounts, KafkaError, Kafka> =>
  topics.length === 0
    ? Effect.succeed(new Map())
    : Effect.map(
      Effect.flatMap(Kafka, (kafka) => kafka.metadata(topics)),
      (metadata) => countsIn(metadata, before)
    )

export const sameCounts = (a: PartitionCounts, b: PartitionCounts): boolean =>
  a.size === b.size && [...a].every(([topic, count]) => b.get(topic) === count)

/** A member whose subscription cannot be read gets nothing, and no other suffers from it. */
const readMember = ({ memberId, metadata }: JoinResponse["members"][number]) =>
  Effect.try(() => ({ memberId, ...decodeSubscription(metadata) })).pipe(
    Effect.catchAll((error) =>
      Effect.as(
        Effect.logWarning("unreadable subscription of a group member").pipe(
          Effect.annotateLogs({ member: memberId, error: String(error.cause) })
        ),
        { memberId, topics: [], owned: [], generation: -1 } satisfies GroupMember
      )
    )
  )

export const readMembers = (join: JoinResponse) => Effect.forEach(join.members, readMember)

/** The topics of all members, in order. */
export const topicsOf = (members: ReadonlyArray<GroupMember>): ReadonlyArray<string> =>
  [...new Set(members.flatMap(({ topics }) => topics))].sort()

/** What SyncGroup takes: an entry for each member, also for one that gets nothing. */
export const assignments = (members: ReadonlyArray<GroupMember>, counts: PartitionCounts) =>
  Array.from(assignCooperatively(members, counts), ([memberId, partitions]) => ({
    memberId,
    assignment: encodeAssignment(partitions)
  }))
