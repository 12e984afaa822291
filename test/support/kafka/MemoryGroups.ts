/** The group operations of the cluster in memory. */
import { Effect } from "effect"
import type { Kafka, KafkaError, ListedGroups } from "../../../services/Kafka.ts"
import type { MemoryCluster } from "./MemoryCluster.ts"
import type { Operation } from "./MemoryFaults.ts"
import { failed } from "./MemoryFaults.ts"
import type { MemoryGroup } from "./MemoryGroup.ts"

type Groups = Pick<
  Kafka["Type"],
  | "joinGroup"
  | "syncGroup"
  | "heartbeat"
  | "leaveGroup"
  | "commitOffsets"
  | "fetchOffsets"
  | "listGroups"
>

/** Kafka's offset.metadata.max.bytes. */
const maxMetadataBytes = 4096

const listGroups = (cluster: MemoryCluster): Effect.Effect<ListedGroups, KafkaError> =>
  Effect.suspend(() => {
    const isAway = (broker: number) => cluster.brokersAway.has(broker)
    const groups = cluster.groups.filter(({ groupId }) => !isAway(cluster.coordinatorOf(groupId)))
      .map(({ groupId, phase, protocolType }) => ({ groupId, protocolType, state: phase }))
      .sort((a, b) => a.groupId < b.groupId ? -1 : 1)
    const unanswered = cluster.brokers.map(({ nodeId }) => nodeId).filter(isAway).map((broker) => (
      { broker, error: failed("listGroups", `broker ${broker}`, "CONNECTION_FAILED") }
    ))
    const [first] = unanswered
    return first !== undefined && unanswered.length === cluster.brokers.length
      ? Effect.fail(first.error)
      : Effect.succeed({ groups, unanswered })
  })

export const groups = (cluster: MemoryCluster): Groups => {
  const at = <A>(
    operation: Operation,
    groupId: string,
    use: (group: MemoryGroup) => Effect.Effect<A, KafkaError>
  ) =>
    Effect.suspend(() =>
      cluster.brokersAway.has(cluster.coordinatorOf(groupId))
        ? Effect.fail(failed(operation, groupId, "COORDINATOR_NOT_AVAILABLE"))
        : use(cluster.group(groupId))
    )
  return {
    joinGroup: (request) => at("joinGroup", request.groupId, (group) => group.join(request)),
    syncGroup: (ref, plan) => at("syncGroup", ref.groupId, (group) => group.sync(ref, plan)),
    heartbeat: (ref) => at("heartbeat", ref.groupId, (group) => group.heartbeat(ref)),
    leaveGroup: (groupId, memberId) => at("leaveGroup", groupId, (group) => group.leave(memberId)),
    commitOffsets: (ref, offsets) =>
      at("commitOffsets", ref.groupId, (group) =>
        Effect.sync(() => {
          const refused = group.refuses(ref)
          return offsets.map((one) => {
            const { metadata, partition, topic } = one
            const error = refused ??
              (cluster.topics.findLog(one) === undefined
                ? "UNKNOWN_TOPIC_OR_PARTITION" as const
                : Buffer.byteLength(metadata ?? "") > maxMetadataBytes
                ? "OFFSET_METADATA_TOO_LARGE" as const
                : undefined)
            if (error === undefined) group.offsets.commit(one)
            return { topic, partition, error }
          })
        })),
    fetchOffsets: (groupId, partitions) =>
      at(
        "fetchOffsets",
        groupId,
        ({ offsets }) =>
          Effect.sync(() =>
            partitions === undefined ? offsets.all : partitions.map((each) => offsets.of(each))
          )
      ),
    listGroups: listGroups(cluster)
  }
}
