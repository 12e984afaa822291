/** One round of the classic group protocol: JoinGroup, for the leader the assignment, SyncGroup. */
import type { SubscriptionRef as Ref } from "effect"
import { Effect, SubscriptionRef } from "effect"
import { Kafka, KafkaError } from "../../services/Kafka.ts"
import {
  cooperativeSticky,
  decodeAssignment,
  encodeSubscription
} from "../../src/codec/kafka/ConsumerProtocol.ts"
import { byPartitionName } from "../../src/domain/TopicPartition.ts"
import type { PartitionCounts } from "./LeaderAssigns.ts"
import {
  assignments,
  partitionCounts,
  provenCounts,
  readMembers,
  topicsOf
} from "./LeaderAssigns.ts"
import type { GroupOptions, MemberState, Partitions } from "./MemberState.ts"
import type { Persist } from "./Persist.ts"

export interface AssignmentBasis {
  /** Members of the group. */
  readonly members: number
  /** Of all members. */
  readonly topics: ReadonlyArray<string>
  readonly counts: PartitionCounts
}

export interface Round {
  readonly assignment: Partitions
  /** For the leader: what it based the assignment on. */
  readonly basis: AssignmentBasis | undefined
}

/** Milliseconds that an answer may take longer than the rebalance itself, as in the Java client. */
const answerLapseMs = 5000

const protocolError = (groupId: string, what: string) =>
  new KafkaError({
    reason: "INCONSISTENT_GROUP_PROTOCOL",
    operation: "joinGroup",
    subject: groupId,
    cause: new Error(what)
  })

/**
 * Keeps member id and generation in `state` as soon as the member has joined; all else there is the caller's to change.
 * `knownCounts`: what this member knows of the topics from when it was leader the last time.
 */
export const rebalance = Effect.fnUntraced(function*(
  options: GroupOptions,
  persist: Persist,
  state: Ref.SubscriptionRef<MemberState>,
  topics: ReadonlyArray<string>,
  knownCounts: PartitionCounts
) {
  const kafka = yield* Kafka
  const { groupId, rebalanceTimeoutMs, sessionTimeoutMs } = options
  const patience = rebalanceTimeoutMs + answerLapseMs
  const { generation, memberId, owned } = yield* state.get
  const metadata = encodeSubscription({ topics, owned: [...owned.values()], generation })
  const join = yield* persist(
    kafka.joinGroup({
      groupId,
      memberId,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      protocolType: "consumer",
      protocols: [{ name: cooperativeSticky, metadata }]
    }),
    patience
  )
  const joined = { memberId: join.memberId, generation: join.generation }
  yield* SubscriptionRef.update(state, (known) => ({ ...known, ...joined }))
  if (join.protocol !== cooperativeSticky) {
    return yield* protocolError(groupId, `the group speaks ${join.protocol}`)
  }
  let basis: AssignmentBasis | undefined
  let orders: ReturnType<typeof assignments> = []
  if (join.leaderId === join.memberId) {
    const members = yield* readMembers(join)
    const all = topicsOf(members)
    const before = new Map([...provenCounts(members), ...knownCounts])
    const counts = yield* persist(
      Effect.provideService(partitionCounts(all, before), Kafka, kafka)
    )
    basis = { members: members.length, topics: all, counts }
    orders = assignments(members, counts)
  }
  const bytes = yield* persist(kafka.syncGroup({ groupId, ...joined }, orders), patience)
  const assigned = yield* Effect.try({
    try: () => decodeAssignment(bytes),
    catch: (error) => protocolError(groupId, `unreadable assignment: ${String(error)}`)
  })
  return { assignment: byPartitionName(assigned), basis } satisfies Round
})
