/** Reading from the cluster in memory: metadata, fetch, offsets, configs. */
import { Clock, Effect } from "effect"
import type {
  FetchedPartition,
  FetchPartition,
  FetchRequest,
  FetchResponse
} from "../../../services/Kafka.ts"
import type { Kafka, TopicMetadata } from "../../../services/Kafka.ts"
import { freeBytes } from "../../../src/codec/FreeBytes.ts"
import type { KafkaErrorName } from "../../../src/codec/kafka/ErrorCodes.ts"
import type { MemoryCluster } from "./MemoryCluster.ts"
import type { MemoryLog } from "./MemoryLog.ts"
import type { MemoryTopic } from "./MemoryTopics.ts"

type Reads = Pick<
  Kafka["Type"],
  "metadata" | "fetch" | "listOffsets" | "endOfEpoch" | "topicConfigs"
>

const noRecords = Buffer.alloc(0)
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

/** What the leader says to somebody who takes this for its present epoch. */
const epochRefusal = (log: MemoryLog, leaderEpoch: number): KafkaErrorName | undefined => {
  if (leaderEpoch >= 0 && leaderEpoch < log.leaderEpoch) return "FENCED_LEADER_EPOCH"
  return leaderEpoch > log.leaderEpoch ? "UNKNOWN_LEADER_EPOCH" : undefined
}

const refusal = (
  log: MemoryLog | undefined,
  broker: number,
  { leaderEpoch, offset }: FetchPartition
): KafkaErrorName | undefined => {
  if (log === undefined) return "UNKNOWN_TOPIC_OR_PARTITION"
  if (log.error !== undefined) return log.error
  if (log.leader !== broker) return "NOT_LEADER_OR_FOLLOWER"
  const fenced = epochRefusal(log, leaderEpoch)
  if (fenced !== undefined) return fenced
  return offset < log.logStart || offset > log.logEnd ? "OFFSET_OUT_OF_RANGE" : undefined
}

/** As a broker fills a response: in the order asked for, the first data whole whatever its size. */
const fetchNow = (cluster: MemoryCluster, request: FetchRequest): Array<FetchedPartition> => {
  let left = request.maxBytes
  let firstData = true
  return request.partitions.map((wanted): FetchedPartition => {
    const { maxBytes, offset, partition, topic } = wanted
    const log = cluster.topics.findLog(wanted)
    const error = refusal(log, request.broker, wanted)
    if (log === undefined || error !== undefined) {
      const unknown = { highWatermark: -1n, lastStableOffset: -1n, logStartOffset: -1n }
      return { topic, partition, error, ...unknown, aborted: [], records: noRecords }
    }
    const committed = request.isolation === "read_committed"
    const upper = committed ? log.lastStable : log.highWatermark
    const records = log.read(offset, upper, Math.min(maxBytes, Math.max(0, left)), firstData)
    left -= records.length
    if (records.length > 0) firstData = false
    return {
      topic,
      partition,
      error: undefined,
      highWatermark: log.highWatermark,
      lastStableOffset: log.lastStable,
      logStartOffset: log.logStart,
      aborted: committed ? log.abortedBetween(offset, upper) : [],
      records
    }
  })
}

/** Of records in memory of their own, so that who reads them too late finds nothing. */
const answerOf = (found: ReadonlyArray<FetchedPartition>): FetchResponse => {
  const partitions = found.map((one) => {
    const records = Buffer.allocUnsafeSlow(one.records.length)
    one.records.copy(records)
    return { ...one, records }
  })
  return {
    throttleMs: 0,
    partitions,
    free: () => {
      for (const { records } of partitions) freeBytes(records)
    }
  }
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
  fetch: Effect.fnUntraced(function*(request) {
    const deadline = (yield* Clock.currentTimeMillis) + request.maxWaitMs
    for (;;) {
      const { version } = cluster.changes
      const partitions = fetchNow(cluster, request)
      const size = partitions.reduce((sum, { records }) => sum + records.length, 0)
      const left = deadline - (yield* Clock.currentTimeMillis)
      const told = partitions.some(({ error }) => error !== undefined)
      if (told || size >= request.minBytes || left <= 0) return answerOf(partitions)
      yield* Effect.raceFirst(
        Effect.interruptible(cluster.changes.after(version)),
        Effect.interruptible(Effect.sleep(left))
      )
    }
  }),
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
