/** What would stop a restore later, found before its first byte: pure rules for one topic. */
import type { TopicMetadata } from "../../services/Kafka.ts"
import type { ObstacleKind } from "../../src/domain/ObstacleKind.ts"
import type { SurveyedTopic } from "./Survey.ts"

/** One thing that is in the way. */
export interface Obstacle {
  readonly kind: ObstacleKind
  /** The target topic. */
  readonly topic: string
  /** What is wrong, as a sentence without a full stop. */
  readonly problem: string
  /** What to do. */
  readonly remedy: string
}

/** A target topic as the cluster has it. */
export interface TargetTopic {
  readonly metadata: TopicMetadata
  /** Effective ones; empty when they may not be read. */
  readonly configs: Readonly<Record<string, string>>
}

/** Configs of a target topic that decide on a restore. */
export const decisiveConfigs: ReadonlyArray<string> = [
  "cleanup.policy",
  "max.message.bytes",
  "message.timestamp.after.max.ms",
  "message.timestamp.before.max.ms",
  "message.timestamp.type",
  "min.insync.replicas",
  "retention.ms"
]

/** What a record takes in its batch besides itself: the batch's header, and the source offset. */
const overheadBytes = 61 + 64

const alter = (topic: string, config: string): string =>
  `kafka-configs.sh --alter --entity-type topics --entity-name ${topic} --add-config ${config}`

type Rule = (target: TargetTopic, source: SurveyedTopic, nowMs: bigint) => Omit<Obstacle, "topic">[]

/** Milliseconds; `undefined`: not set, or so large that it means for ever. */
const bound = (text: string | undefined): bigint | undefined =>
  text === undefined || !/^\d{1,18}$/.test(text) ? undefined : BigInt(text)

const dayMs = 86_400_000

const days = (ms: bigint): string =>
  ms < 2 * dayMs ? `${Number(ms) / 1000} s` : `${(Number(ms) / dayMs).toFixed(1)} days`

const partitions: Rule = ({ metadata: { partitions, topic } }, { partitionCount, ...source }) => {
  const needed = Math.max(...source.partitions) + 1
  if (partitions.length >= needed) return []
  return [{
    kind: "partitions",
    problem: `it has ${partitions.length} partitions, the archive ${partitionCount}`,
    remedy: `kafka-topics.sh --alter --topic ${topic} --partitions ${partitionCount}`
  }]
}

const largest: Rule = ({ configs, metadata: { topic } }, { largestRecord }) => {
  const limit = Number(configs["max.message.bytes"] ?? Infinity)
  const needed = largestRecord + overheadBytes
  if (largestRecord === 0 || needed <= limit) return []
  return [{
    kind: "size",
    problem: `max.message.bytes is ${limit}, the largest record needs ${needed}`,
    remedy: alter(topic, `max.message.bytes=${needed}`)
  }]
}

const timestampType: Rule = ({ configs, metadata: { topic } }) =>
  configs["message.timestamp.type"] === "LogAppendTime"
    ? [{
      kind: "timestamps",
      problem: "message.timestamp.type is LogAppendTime, which would rewrite the timestamps",
      remedy: alter(topic, "message.timestamp.type=CreateTime")
    }]
    : []

const past: Rule = ({ configs, metadata: { topic } }, { minTimestamp }, nowMs) => {
  const limit = bound(configs["message.timestamp.before.max.ms"])
  if (limit === undefined || minTimestamp === undefined || nowMs - minTimestamp <= limit) return []
  return [{
    kind: "timestamps",
    problem: `message.timestamp.before.max.ms is ${days(limit)}, ` +
      `the oldest record is ${days(nowMs - minTimestamp)} old`,
    remedy: alter(topic, "message.timestamp.before.max.ms=9223372036854775807")
  }]
}

const future: Rule = ({ configs, metadata: { topic } }, { maxTimestamp }, nowMs) => {
  const limit = bound(configs["message.timestamp.after.max.ms"])
  if (limit === undefined || maxTimestamp === undefined || maxTimestamp - nowMs <= limit) return []
  return [{
    kind: "timestamps",
    problem: `message.timestamp.after.max.ms is ${days(limit)}, ` +
      `the latest record is ${days(maxTimestamp - nowMs)} ahead`,
    remedy: alter(topic, "message.timestamp.after.max.ms=9223372036854775807")
  }]
}

const insync: Rule = ({ configs, metadata: { partitions, topic } }) => {
  const wanted = Number(configs["min.insync.replicas"] ?? 1)
  const replicas = Math.min(...partitions.map((each) => each.replicas.length))
  if (partitions.length === 0 || wanted <= replicas) return []
  return [{
    kind: "replicas",
    problem: `min.insync.replicas is ${wanted}, of ${replicas} replicas: nothing can be written`,
    remedy: alter(topic, `min.insync.replicas=${replicas}`)
  }]
}

const retention: Rule = ({ configs, metadata: { topic } }, { minTimestamp }, nowMs) => {
  const limit = bound(configs["retention.ms"])
  const deletes = configs["cleanup.policy"]?.includes("delete") ?? false
  if (!deletes || limit === undefined || minTimestamp === undefined) return []
  if (nowMs - minTimestamp <= limit) return []
  return [{
    kind: "retention",
    problem: `retention.ms is ${days(limit)}, so that records of up to ` +
      `${days(nowMs - minTimestamp)} would be deleted as they arrive`,
    remedy: `${alter(topic, "retention.ms=-1")}, and set it back when consumers are through`
  }]
}

const rules: ReadonlyArray<Rule> = [
  partitions,
  largest,
  timestampType,
  past,
  future,
  insync,
  retention
]

const notThere = new Set(["UNKNOWN_TOPIC_OR_PARTITION", "UNKNOWN_TOPIC_ID"])

/** All that is in the way of one topic. `target`: `undefined` when the cluster did not tell. */
export const obstaclesOf = (
  topic: string,
  target: TargetTopic | undefined,
  source: SurveyedTopic,
  nowMs: bigint
): ReadonlyArray<Obstacle> => {
  const error = target?.metadata.error
  if (target === undefined || (error !== undefined && notThere.has(error))) {
    return [{
      kind: "missing",
      topic,
      problem: "it does not exist",
      remedy: `kafka-topics.sh --create --topic ${topic} --partitions ${source.partitionCount}`
    }]
  }
  if (error !== undefined) {
    const remedy = "grant Describe, DescribeConfigs, Read and Write on it"
    return [{ kind: "rights", topic, problem: `it cannot be looked at: ${error}`, remedy }]
  }
  return rules.flatMap((rule) => rule(target, source, nowMs)).map((found) => ({ topic, ...found }))
}
