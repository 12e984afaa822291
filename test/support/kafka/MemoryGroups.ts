/** The group operations of the cluster in memory. */
import { Effect } from "effect"
import type { Kafka } from "../../../services/Kafka.ts"
import type { MemoryCluster } from "./MemoryCluster.ts"

type Groups = Pick<
  Kafka["Type"],
  "joinGroup" | "syncGroup" | "heartbeat" | "leaveGroup" | "commitOffsets" | "fetchOffsets"
>

/** Kafka's offset.metadata.max.bytes. */
const maxMetadataBytes = 4096

export const groups = (cluster: MemoryCluster): Groups => ({
  joinGroup: (request) => cluster.group(request.groupId).join(request),
  syncGroup: (ref, assignments) => cluster.group(ref.groupId).sync(ref, assignments),
  heartbeat: (ref) => cluster.group(ref.groupId).heartbeat(ref),
  leaveGroup: (groupId, memberId) => cluster.group(groupId).leave(memberId),
  commitOffsets: (ref, offsets) =>
    Effect.sync(() => {
      const group = cluster.group(ref.groupId)
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
    }),
  fetchOffsets: (groupId, partitions) =>
    Effect.sync(() => {
      const { offsets } = cluster.group(groupId)
      return partitions === undefined ? offsets.all : partitions.map((each) => offsets.of(each))
    })
})
