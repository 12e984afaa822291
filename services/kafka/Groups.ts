/** Group membership and group offsets, at the group's coordinator. */
import { Effect } from "effect"
import type { KafkaErrorName } from "../../src/codec/kafka/ErrorCodes.ts"
import * as OffsetsApi from "../../src/codec/kafka/GroupOffsets.ts"
import * as HeartbeatApi from "../../src/codec/kafka/Heartbeat.ts"
import * as JoinApi from "../../src/codec/kafka/JoinGroup.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import type {
  GroupMemberRef,
  JoinRequest,
  JoinResponse,
  KafkaError,
  OffsetToCommit
} from "../Kafka.ts"
import type { Connections } from "./Calls.ts"
import { accepted, failed } from "./Calls.ts"
import type { Coordinators } from "./Coordinators.ts"

const groupLane = "group"
/** Milliseconds for which a SyncGroup may wait for the leader's assignment. */
const syncWaitMs = 60_000

/** They concern the coordinator, not a partition, and stand at every partition. */
const ofCoordinator: ReadonlySet<KafkaErrorName> = new Set<KafkaErrorName>([
  "COORDINATOR_LOAD_IN_PROGRESS",
  "COORDINATOR_NOT_AVAILABLE",
  "NOT_COORDINATOR"
])

export const makeGroups = (connections: Connections, coordinators: Coordinators) => {
  const atCoordinator = <A>(
    groupId: string,
    use: (broker: number) => Effect.Effect<A, KafkaError>
  ) => coordinators.withCoordinator("group", groupId, use)

  /** A rebalance can take minutes, on a connection that nobody else waits for. */
  const rebalanceStep = <A>(
    groupId: string,
    waitMs: number,
    use: (
      to: { broker: number; lane: string; waitMs: number; subject: string }
    ) => Effect.Effect<A, KafkaError>
  ) =>
    atCoordinator(groupId, (broker) => {
      const to = { broker, lane: `rebalance of ${groupId}`, waitMs, subject: groupId }
      return use(to).pipe(Effect.onInterrupt(() => connections.close(to)))
    })

  const joinGroup = (request: JoinRequest): Effect.Effect<JoinResponse, KafkaError> => {
    const { groupId } = request
    const join = (memberId: string) =>
      rebalanceStep(
        groupId,
        request.rebalanceTimeoutMs,
        (to) =>
          connections.call(to, JoinApi.joinGroup, { ...request, memberId }).pipe(
            Effect.flatMap((answer) =>
              answer.error === "MEMBER_ID_REQUIRED" && memberId === ""
                ? Effect.succeed({ ...answer, error: undefined, required: true })
                : accepted({ ...answer, required: false }, "joinGroup", groupId)
            )
          )
      )
    return join(request.memberId).pipe(
      Effect.flatMap((answer) => answer.required ? join(answer.memberId) : Effect.succeed(answer)),
      Effect.map(({ generation, leaderId, memberId, members, protocol }) => ({
        generation,
        leaderId,
        memberId,
        members,
        protocol
      }))
    )
  }

  const syncGroup = (
    member: GroupMemberRef,
    assignments: ReadonlyArray<{ readonly memberId: string; readonly assignment: Buffer }>
  ) =>
    rebalanceStep(
      member.groupId,
      syncWaitMs,
      (to) =>
        connections.call(to, JoinApi.syncGroup, { ...member, assignments }).pipe(
          Effect.flatMap((answer) => accepted(answer, "syncGroup", member.groupId)),
          Effect.map(({ assignment }) => assignment)
        )
    )

  const heartbeat = (member: GroupMemberRef) =>
    atCoordinator(member.groupId, (broker) => {
      const to = { broker, lane: groupLane, subject: member.groupId }
      return connections.call(to, HeartbeatApi.heartbeat, member).pipe(
        Effect.flatMap((answer) => accepted(answer, "heartbeat", member.groupId)),
        Effect.asVoid
      )
    })

  const leaveGroup = (groupId: string, memberId: string) =>
    atCoordinator(groupId, (broker) => {
      const to = { broker, lane: groupLane, subject: groupId }
      return connections.call(to, HeartbeatApi.leaveGroup, { groupId, memberId }).pipe(
        Effect.flatMap((answer) => accepted(answer, "leaveGroup", groupId)),
        Effect.asVoid
      )
    })

  const commitOffsets = (member: GroupMemberRef, offsets: ReadonlyArray<OffsetToCommit>) =>
    offsets.length === 0 ? Effect.succeed([]) : atCoordinator(member.groupId, (broker) => {
      const to = { broker, lane: groupLane, subject: member.groupId }
      return connections.call(to, OffsetsApi.offsetCommit, { ...member, offsets }).pipe(
        Effect.tap((answers) => {
          const error = answers.find((answer) =>
            answer.error !== undefined && ofCoordinator.has(answer.error)
          )?.error
          return error === undefined
            ? Effect.void
            : Effect.fail(failed(error, "commitOffsets", member.groupId))
        })
      )
    })

  const fetchOffsets = (groupId: string, partitions: ReadonlyArray<TopicPartition> | undefined) =>
    atCoordinator(groupId, (broker) => {
      const to = { broker, lane: groupLane, subject: groupId }
      return connections.call(to, OffsetsApi.offsetFetch, { groupId, partitions }).pipe(
        Effect.flatMap((answer) => accepted(answer, "fetchOffsets", groupId)),
        Effect.map(({ offsets }) => offsets)
      )
    })

  return { joinGroup, syncGroup, heartbeat, leaveGroup, commitOffsets, fetchOffsets }
}
