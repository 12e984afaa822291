/** Reading from the cluster in memory: metadata, offsets, configs. */
import { Effect } from "effect"
import type { Kafka, TopicMetadata } from "../../../services/Kafka.ts"
import type { AclOperation } from "../../../src/codec/kafka/AclOperations.ts"
import type { TopicPartition } from "../../../src/domain/TopicPartition.ts"
import type { MemoryCluster } from "./MemoryCluster.ts"
import { epochRefusal } from "./MemoryFetch.ts"
import type { MemoryTopic } from "./MemoryTopics.ts"

type Reads = Pick<
  Kafka["Type"],
  | "metadata"
  | "listOffsets"
  | "endOfEpoch"
  | "topicConfigs"
  | "topicOverrides"
  | "rights"
  | "disks"
>

const zeroId = "A".repeat(22)

const describeTopic = (topic: string, known: MemoryTopic | undefined): TopicMetadata => ({
  topic,
  topicId: known?.topicId ?? zeroId,
  internal: known?.internal ?? false,
  error: known === undefined ? "UNKNOWN_TOPIC_OR_PARTITION" : known.error,
  partitions: (known?.error === undefined ? (known?.logs ?? []) : []).map((log, partition) => ({
    partition,
    leader: log.leader,
    leaderEpoch: log.leaderEpoch,
    replicas: [log.leader],
    error: log.leader < 0 ? "LEADER_NOT_AVAILABLE" : undefined
  }))
})

const all: ReadonlyArray<AclOperation> = [
  "Read",
  "Write",
  "Create",
  "Delete",
  "Alter",
  "Describe",
  "DescribeConfigs",
  "AlterConfigs"
]

const allowed = (cluster: MemoryCluster, resource: string): ReadonlySet<AclOperation> => {
  const forbidden = cluster.forbidden.get(resource) ?? []
  return new Set(all.filter((operation) => !forbidden.includes(operation)))
}

const bytesOn = (cluster: MemoryCluster, broker: number, source: TopicPartition): number => {
  const log = cluster.topics.findLog(source)
  return log?.leader === broker
    ? log.batches.reduce((sum, { bytes }) => sum + bytes.byteLength, 0)
    : 0
}

export const reads = (cluster: MemoryCluster): Reads => ({
  metadata: (names) =>
    Effect.sync(() => ({
      clusterId: cluster.clusterId,
      controllerId: 1,
      brokers: cluster.brokers,
      topics: (names ?? cluster.topics.all.map(({ topic }) => topic))
        .map((topic) => describeTopic(topic, cluster.topics.find(topic)))
    })),
  listOffsets: (partitions, at) =>
    Effect.sync(() =>
      partitions.map(({ partition, topic }) => {
        const log = cluster.topics.findLog({ topic, partition })
        const error = log === undefined ? "UNKNOWN_TOPIC_OR_PARTITION" as const : log.error
        if (log === undefined || error !== undefined) {
          return { topic, partition, offset: -1n, leaderEpoch: -1, error }
        }
        const offset = at === "earliest"
          ? log.logStart
          : at === "latest"
          ? log.highWatermark
          : log.lastStable
        return { topic, partition, offset, leaderEpoch: log.leaderEpoch, error }
      })
    ),
  endOfEpoch: (partitions) =>
    Effect.sync(() =>
      partitions.map(({ currentLeaderEpoch, leaderEpoch, partition, topic }) => {
        const log = cluster.topics.findLog({ topic, partition })
        const error = log === undefined
          ? "UNKNOWN_TOPIC_OR_PARTITION" as const
          : log.error ?? (log.leader < 0
            ? "LEADER_NOT_AVAILABLE" as const
            : epochRefusal(log, currentLeaderEpoch))
        const end = log === undefined || error !== undefined ? undefined : log.endOf(leaderEpoch)
        return { topic, partition, error, ...(end ?? { leaderEpoch: -1, endOffset: -1n }) }
      })
    ),
  rights: (topics, groups) =>
    Effect.sync(() => ({
      cluster: allowed(cluster, "cluster"),
      topics: new Map(topics.map((topic) => [topic, allowed(cluster, topic)])),
      groups: new Map(groups.map((group) => [group, allowed(cluster, `group ${group}`)]))
    })),
  disks: (partitions) =>
    Effect.sync(() =>
      cluster.brokers.map(({ nodeId }) => {
        const topicBytes = new Map<string, number>()
        for (const each of partitions) {
          const bytes = bytesOn(cluster, nodeId, each)
          if (bytes > 0) topicBytes.set(each.topic, (topicBytes.get(each.topic) ?? 0) + bytes)
        }
        return { broker: nodeId, usableBytes: cluster.usableBytes, topicBytes }
      })
    ),
  topicOverrides: (topics) =>
    Effect.sync(() =>
      new Map(topics.flatMap((topic) => {
        const overrides = cluster.topics.find(topic)?.overrides
        return overrides === undefined ? [] : [[topic, Object.fromEntries(overrides)] as const]
      }))
    ),
  topicConfigs: (topics, names) =>
    Effect.sync(() =>
      new Map(topics.flatMap((topic) => {
        const configs = cluster.topics.find(topic)?.configs
        if (configs === undefined) return []
        const chosen = names.flatMap((name) => {
          const value = configs.get(name)
          return value === undefined ? [] : [[name, value] as const]
        })
        return [[topic, Object.fromEntries(chosen)] as const]
      }))
    )
})
