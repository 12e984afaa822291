/** Writing to the cluster in memory: produce as a broker checks it, fencing, topic administration. */
import { Clock, Effect } from "effect"
import type { Kafka, ProduceRequest } from "../../../services/Kafka.ts"
import { crc32c } from "../../../src/codec/Crc32c.ts"
import type { KafkaErrorName } from "../../../src/codec/kafka/ErrorCodes.ts"
import type { BatchHeader } from "../../../src/codec/RecordBatch.ts"
import { readBatchHeader, verifyCrc } from "../../../src/codec/RecordBatch.ts"
import { topicPartitionName } from "../../../src/domain/TopicPartition.ts"
import { controlBatch } from "./ControlBatch.ts"
import type { MemoryCluster } from "./MemoryCluster.ts"
import { failed } from "./MemoryFaults.ts"
import { defaultConfig } from "./MemoryTopics.ts"

type Writes = Pick<
  Kafka["Type"],
  | "produce"
  | "initProducerId"
  | "fence"
  | "createTopics"
  | "deleteTopics"
  | "createPartitions"
  | "alterTopicConfigs"
>

const crcAt = 17
const attributesAt = 21
const maxTimestampAt = 35
const logAppendTime = 8

const wholeBatch = ({ batch, partition, topic }: ProduceRequest): BatchHeader | undefined => {
  try {
    const header = readBatchHeader(batch, 0, { topic, partition })
    if (header === undefined || header.end !== batch.length) return undefined
    verifyCrc(batch, header, { topic, partition })
    return header
  } catch {
    return undefined
  }
}

/** What a broker refuses in the batch itself, by the configs of the topic. */
const refusal = (
  header: BatchHeader,
  size: number,
  configs: ReadonlyMap<string, string>,
  now: bigint
): KafkaErrorName | undefined => {
  const limit = (name: string) => BigInt(configs.get(`message.timestamp.${name}.max.ms`) ?? 0)
  if (size > Number(configs.get("max.message.bytes"))) return "MESSAGE_TOO_LARGE"
  if (header.control || header.recordCount !== header.lastOffsetDelta + 1) return "INVALID_RECORD"
  if (configs.get("message.timestamp.type") !== "CreateTime") return undefined
  return now - header.baseTimestamp > limit("before") || header.maxTimestamp - now > limit("after")
    ? "INVALID_TIMESTAMP"
    : undefined
}

const stampedAt = (batch: Buffer, now: bigint): Buffer => {
  const stamped = Buffer.from(batch)
  stamped.writeInt16BE(stamped.readInt16BE(attributesAt) | logAppendTime, attributesAt)
  stamped.writeBigInt64BE(now, maxTimestampAt)
  stamped.writeUInt32BE(crc32c(stamped.subarray(attributesAt)), crcAt)
  return stamped
}

const produce = (cluster: MemoryCluster): Writes["produce"] => (request) =>
  Effect.flatMap(Clock.currentTimeMillis, (millis) => {
    const now = BigInt(millis)
    const fail = (reason: KafkaErrorName) =>
      Effect.fail(failed("produce", topicPartitionName(request), reason))
    const configs = cluster.topics.find(request.topic)?.configs
    const log = cluster.topics.findLog(request)
    if (log === undefined || configs === undefined) return fail("UNKNOWN_TOPIC_OR_PARTITION")
    if (log.error !== undefined) return fail(log.error)
    if (log.leader !== request.broker) return fail("NOT_LEADER_OR_FOLLOWER")
    const header = wholeBatch(request)
    if (header === undefined) return fail("CORRUPT_MESSAGE")
    const refused = refusal(header, request.batch.length, configs, now)
    if (refused !== undefined) return fail(refused)
    const verdict = log.producers.judge(header)
    if (verdict.kind === "refused") return fail(verdict.reason)
    const rewrites = configs.get("message.timestamp.type") === "LogAppendTime"
    const batch = rewrites ? stampedAt(request.batch, now) : request.batch
    const baseOffset = verdict.kind === "duplicate"
      ? verdict.baseOffset
      : cluster.append(request, Buffer.from(batch)).header.baseOffset
    const logAppendTimeMs = rewrites ? now : -1n
    return Effect.succeed({
      baseOffset,
      logAppendTimeMs,
      logStartOffset: log.logStart,
      throttleMs: 0
    })
  })

const fence = (cluster: MemoryCluster): Writes["fence"] => (transactionalId, partitions) =>
  Effect.flatMap(Clock.currentTimeMillis, (millis) => {
    const missing = partitions.find((each) => cluster.topics.findLog(each) === undefined)
    if (missing !== undefined) {
      return Effect.fail(
        failed("fence", topicPartitionName(missing), "UNKNOWN_TOPIC_OR_PARTITION")
      )
    }
    const known = cluster.transactions.get(transactionalId)
    const identity = known === undefined
      ? { producerId: cluster.newProducerId(), epoch: 0 }
      : { producerId: known.producerId, epoch: known.epoch + 1 }
    cluster.transactions.set(transactionalId, identity)
    const { epoch, producerId } = identity
    for (const each of partitions) {
      const timestamp = BigInt(millis)
      const marker = controlBatch({ commit: false, producerId, producerEpoch: epoch, timestamp })
      cluster.append(each, marker)
    }
    return Effect.succeed({ producerId, epoch })
  })

export const writes = (cluster: MemoryCluster): Writes => ({
  produce: produce(cluster),
  initProducerId: Effect.sync(() => ({ producerId: cluster.newProducerId(), epoch: 0 })),
  fence: fence(cluster),
  createTopics: (topics) =>
    Effect.suspend(() => {
      const existing = topics.find(({ topic }) => cluster.topics.find(topic) !== undefined)
      for (const { configs, partitions, topic } of topics) {
        if (cluster.topics.find(topic) === undefined) {
          cluster.topics.create(topic, partitions, configs)
        }
      }
      return existing === undefined
        ? Effect.void
        : Effect.fail(failed("createTopics", existing.topic, "TOPIC_ALREADY_EXISTS"))
    }),
  deleteTopics: (topics) =>
    Effect.suspend(() => {
      const unknown = topics.filter((topic) => !cluster.topics.remove(topic))
      cluster.changes.notify()
      return unknown[0] === undefined
        ? Effect.void
        : Effect.fail(failed("deleteTopics", unknown[0], "UNKNOWN_TOPIC_OR_PARTITION"))
    }),
  alterTopicConfigs: (topics) =>
    Effect.suspend(() => {
      for (const { configs, topic } of topics) {
        const known = cluster.topics.find(topic)
        if (known === undefined) {
          return Effect.fail(failed("alterTopicConfigs", topic, "UNKNOWN_TOPIC_OR_PARTITION"))
        }
        for (const [name, value] of Object.entries(configs)) {
          const effective = value ?? defaultConfig(name)
          if (effective === undefined) known.configs.delete(name)
          else known.configs.set(name, effective)
          if (value === null) known.overrides.delete(name)
          else known.overrides.set(name, value)
        }
      }
      return Effect.void
    }),
  createPartitions: (topic, total) =>
    Effect.suspend(() => {
      const existing = cluster.topics.find(topic)?.logs.length
      if (existing === undefined) {
        return Effect.fail(failed("createPartitions", topic, "UNKNOWN_TOPIC_OR_PARTITION"))
      }
      if (total <= existing) {
        return Effect.fail(failed("createPartitions", topic, "INVALID_PARTITIONS"))
      }
      cluster.topics.grow(topic, total)
      return Effect.void
    })
})
