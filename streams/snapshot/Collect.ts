/** Takes one snapshot: what every group of the cluster has committed, from all coordinators. */
import { Clock, Effect, Either } from "effect"
import type { CommittedOffset, ListedGroup, ListedGroups } from "../../services/Kafka.ts"
import { Kafka, KafkaError } from "../../services/Kafka.ts"
import type { GroupPositions, TopicPositions } from "../../src/domain/GroupSnapshot.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import { patiently } from "../ReadLog.ts"

export interface FailedGroup {
  readonly groupId: string
  readonly error: KafkaError
}

export interface Collected {
  readonly clusterId: string
  /** Milliseconds since the epoch: all that was committed before is in it. */
  readonly takenAtMs: number
  /** In name order; a group that has committed nothing has no topics. */
  readonly groups: ReadonlyArray<GroupPositions>
  /** Names of share groups, in order: they have no offsets that could be committed elsewhere. */
  readonly shareGroups: ReadonlyArray<string>
  /** Groups whose positions could not be read. */
  readonly failed: ReadonlyArray<FailedGroup>
  /** Brokers that did not say which groups they coordinate. */
  readonly unanswered: ListedGroups["unanswered"]
}

/** OffsetFetch requests under way at once, over all coordinators. */
const groupsAtOnce = 64

/** Milliseconds for which groups and brokers are asked again, all together. */
const patienceMs = 10_000

const pause = (round: number) => Math.min(2_000, 100 * 2 ** round)

/** The protocol type of share groups (KIP-932). */
const isShareGroup = ({ protocolType }: ListedGroup): boolean => protocolType === "share"

const byName = (one: string, other: string): number => one < other ? -1 : one > other ? 1 : 0

const positionsOf = (
  groupId: string,
  offsets: ReadonlyArray<CommittedOffset>
): GroupPositions => {
  const topics = new Map<string, Array<CommittedOffset>>()
  for (const committed of offsets) {
    if (committed.offset < 0n) continue
    const partitions = topics.get(committed.topic)
    if (partitions === undefined) topics.set(committed.topic, [committed])
    else partitions.push(committed)
  }
  const sorted = [...topics].sort(([one], [other]) => byName(one, other))
  return {
    groupId,
    topics: sorted.map(([topic, partitions]): TopicPositions => ({
      topic,
      partitions: partitions.sort((one, other) => one.partition - other.partition).map(
        ({ leaderEpoch, metadata, offset, partition }) => ({
          partition,
          offset,
          leaderEpoch: leaderEpoch < 0 ? null : leaderEpoch,
          metadata: metadata === "" ? null : metadata
        })
      )
    }))
  }
}

/** All positions of one group, or a failure when one of them is not to be had. */
const fetchGroup = (groupId: string): Effect.Effect<GroupPositions, KafkaError, Kafka> =>
  Effect.gen(function*() {
    const kafka = yield* Kafka
    const offsets = yield* kafka.fetchOffsets(groupId, undefined)
    const wrong = offsets.find(({ error }) => error !== undefined)
    if (wrong?.error !== undefined) {
      return yield* new KafkaError({
        operation: "fetchOffsets",
        subject: groupId,
        reason: wrong.error,
        cause: topicPartitionName(wrong)
      })
    }
    return positionsOf(groupId, offsets)
  })

/** Asks for the groups until each has answered, cannot answer, or the time is up. */
const fetchGroups = (groupIds: ReadonlyArray<string>, untilMs: number) =>
  Effect.gen(function*() {
    const found: Array<GroupPositions> = []
    const failed: Array<FailedGroup> = []
    let left = groupIds
    for (let round = 0; left.length > 0; round++) {
      const answers = yield* Effect.forEach(left, (groupId) => Effect.either(fetchGroup(groupId)), {
        concurrency: groupsAtOnce
      })
      const mayRetry = (yield* Clock.currentTimeMillis) + pause(round) <= untilMs
      const again: Array<string> = []
      for (const [at, groupId] of left.entries()) {
        const answer = answers[at]
        if (answer === undefined) continue
        if (Either.isRight(answer)) found.push(answer.right)
        else if (answer.left.retriable && mayRetry) again.push(groupId)
        // Deleted since it was listed.
        else if (answer.left.reason !== "GROUP_ID_NOT_FOUND") {
          failed.push({ groupId, error: answer.left })
        }
      }
      if (again.length > 0) yield* Effect.sleep(pause(round))
      left = again
    }
    found.sort((one, other) => byName(one.groupId, other.groupId))
    failed.sort((one, other) => byName(one.groupId, other.groupId))
    return { groups: found, failed }
  })

/** Lists until every broker has answered or the time is up. */
const listAll = (untilMs: number, round = 0): Effect.Effect<ListedGroups, KafkaError, Kafka> =>
  Effect.gen(function*() {
    const kafka = yield* Kafka
    const listed = yield* patiently("5 seconds")(kafka.listGroups)
    const now = yield* Clock.currentTimeMillis
    if (listed.unanswered.length === 0 || now + pause(round) > untilMs) return listed
    return yield* Effect.zipRight(Effect.sleep(pause(round)), listAll(untilMs, round + 1))
  })

/**
 * One snapshot of the cluster. A group or a broker that does not answer within some ten seconds
 * is named in the result and loses nothing of the others; only a cluster that does not answer at
 * all is a failure.
 */
export const collect: Effect.Effect<Collected, KafkaError, Kafka> = Effect.gen(function*() {
  const kafka = yield* Kafka
  const { clusterId } = yield* patiently("5 seconds")(kafka.metadata([]))
  const takenAtMs = yield* Clock.currentTimeMillis
  const untilMs = takenAtMs + patienceMs
  const { groups: listed, unanswered } = yield* listAll(untilMs)
  const groupIds = listed.filter((group) => !isShareGroup(group)).map(({ groupId }) => groupId)
  const shareGroups = listed.filter(isShareGroup).map(({ groupId }) => groupId)
  const { failed, groups } = yield* fetchGroups(groupIds, untilMs)
  return { clusterId, takenAtMs, groups, shareGroups, failed, unanswered }
})
