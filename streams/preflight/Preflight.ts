/** What would stop a restore later, found before its first byte: pure rules for one topic. */
import type { TopicMetadata } from "../../services/Kafka.ts"
import type { ObstacleKind } from "../../src/domain/ObstacleKind.ts"
import type { SurveyedTopic } from "./Survey.ts"

/** One thing that is in the way. */
export interface Obstacle {
  readonly kind: ObstacleKind
  /** The target topic; `group` and the id of a consumer group; or `all`. */
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
  "retention.bytes",
  "retention.ms"
]

/** What a record takes in its batch besides itself: the batch's header, and the source offset. */
const overheadBytes = 61 + 64

/** How a config of the topic is to be set. */
type Alter = (config: string) => string

const alterTopic = (topic: string): Alter => (config) =>
  `kafka-configs.sh --alter --entity-type topics --entity-name ${topic} --add-config ${config}`

/** Of one that is still to be created. */
const createWith: Alter = (config) => `-topic-config ${config}`

interface Given {
  readonly target: TargetTopic
  readonly source: SurveyedTopic
  readonly nowMs: bigint
  readonly alter: Alter
}

type Rule = (given: Given) => ReadonlyArray<Omit<Obstacle, "topic">>

/** Milliseconds; `undefined`: not set, or so large that it means for ever. */
const bound = (text: string | undefined): bigint | undefined =>
  text === undefined || !/^\d{1,18}$/.test(text) ? undefined : BigInt(text)

const dayMs = 86_400_000

const days = (ms: bigint): string =>
  ms < 2 * dayMs ? `${Number(ms) / 1000} s` : `${(Number(ms) / dayMs).toFixed(1)} days`

const partitions: Rule = ({ source, target: { metadata: { partitions, topic } } }) => {
  const { partitionCount } = source
  const needed = Math.max(...source.partitions) + 1
  if (partitions.length >= needed) return []
  return [{
    kind: "partitions",
    problem: `it has ${partitions.length} partitions, the archive ${partitionCount}`,
    remedy: `kafka-topics.sh --alter --topic ${topic} --partitions ${partitionCount}`
  }]
}

const largest: Rule = ({ alter, source: { largestRecord }, target: { configs } }) => {
  const limit = Number(configs["max.message.bytes"] ?? Infinity)
  const needed = largestRecord + overheadBytes
  if (largestRecord === 0 || needed <= limit) return []
  return [{
    kind: "size",
    problem: `max.message.bytes is ${limit}, the largest record needs ${needed}`,
    remedy: alter(`max.message.bytes=${needed}`)
  }]
}

const timestampType: Rule = ({ alter, target: { configs } }) =>
  configs["message.timestamp.type"] === "LogAppendTime"
    ? [{
      kind: "timestamps",
      problem: "message.timestamp.type is LogAppendTime, which would rewrite the timestamps",
      remedy: alter("message.timestamp.type=CreateTime")
    }]
    : []

const past: Rule = ({ alter, nowMs, source: { minTimestamp }, target: { configs } }) => {
  const limit = bound(configs["message.timestamp.before.max.ms"])
  if (limit === undefined || minTimestamp === undefined || nowMs - minTimestamp <= limit) return []
  return [{
    kind: "timestamps",
    problem: `message.timestamp.before.max.ms is ${days(limit)}, ` +
      `the oldest record is ${days(nowMs - minTimestamp)} old`,
    remedy: alter("message.timestamp.before.max.ms=9223372036854775807")
  }]
}

const future: Rule = ({ alter, nowMs, source: { maxTimestamp }, target: { configs } }) => {
  const limit = bound(configs["message.timestamp.after.max.ms"])
  if (limit === undefined || maxTimestamp === undefined || maxTimestamp - nowMs <= limit) return []
  return [{
    kind: "timestamps",
    problem: `message.timestamp.after.max.ms is ${days(limit)}, ` +
      `the latest record is ${days(maxTimestamp - nowMs)} ahead`,
    remedy: alter("message.timestamp.after.max.ms=9223372036854775807")
  }]
}

const insync: Rule = ({ alter, target: { configs, metadata: { partitions } } }) => {
  const wanted = Number(configs["min.insync.replicas"] ?? 1)
  const replicas = Math.min(...partitions.map((each) => each.replicas.length))
  if (partitions.length === 0 || wanted <= replicas) return []
  return [{
    kind: "replicas",
    problem: `min.insync.replicas is ${wanted}, of ${replicas} replicas: nothing can be written`,
    remedy: alter(`min.insync.replicas=${replicas}`)
  }]
}

const deletes = ({ configs }: TargetTopic): boolean =>
  configs["cleanup.policy"]?.includes("delete") ?? false

const hold = (alter: Alter, config: string): string =>
  `-hold-retention for the time of the restore; or ${alter(`${config}=-1`)}, ` +
  "and set it back when consumers are through"

const retentionTime: Rule = ({ alter, nowMs, source: { minTimestamp }, target }) => {
  const limit = bound(target.configs["retention.ms"])
  if (!deletes(target) || limit === undefined || minTimestamp === undefined) return []
  if (nowMs - minTimestamp <= limit) return []
  return [{
    kind: "retention",
    problem: `retention.ms is ${days(limit)}, so that records of up to ` +
      `${days(nowMs - minTimestamp)} would be deleted as they arrive`,
    remedy: hold(alter, "retention.ms")
  }]
}

const retentionBytes: Rule = ({ alter, source: { largestPartition }, target }) => {
  const limit = bound(target.configs["retention.bytes"])
  if (!deletes(target) || limit === undefined || largestPartition <= limit) return []
  return [{
    kind: "retention",
    problem: `retention.bytes is ${limit}, and one partition has ${largestPartition} bytes ` +
      "in the archive, so that its first records would be deleted",
    remedy: hold(alter, "retention.bytes")
  }]
}

const rules: ReadonlyArray<Rule> = [
  partitions,
  largest,
  timestampType,
  past,
  future,
  insync,
  retentionTime,
  retentionBytes
]

const notThere = new Set(["UNKNOWN_TOPIC_OR_PARTITION", "UNKNOWN_TOPIC_ID"])

/** A topic that is not there yet, as it is going to be. */
export interface PlannedTarget {
  readonly target: TargetTopic
  /** Replicas that its source had and it cannot have, as the end of a sentence; else empty. */
  readonly fewer: string
}

/** `undefined`: the cluster did not tell. */
export const isMissing = (target: TargetTopic | undefined): boolean => {
  const error = target?.metadata.error
  return target === undefined || (error !== undefined && notThere.has(error))
}

/**
 * All that is in the way of one topic. `target`: `undefined` when the cluster did not tell.
 * `planned`: what it is created as when it is missing; `undefined` when it is not created.
 */
export const obstaclesOf = (
  topic: string,
  target: TargetTopic | undefined,
  source: SurveyedTopic,
  nowMs: bigint,
  planned?: PlannedTarget
): ReadonlyArray<Obstacle> => {
  const judge = (target: TargetTopic, alter: Alter) =>
    rules.flatMap((rule) => rule({ target, source, nowMs, alter }))
      .map((found) => ({ topic, ...found }))
  if (target === undefined || isMissing(target)) {
    const missing: Obstacle = {
      kind: "missing",
      topic,
      problem: `it does not exist${planned?.fewer ?? ""}`,
      remedy:
        `-create-topics, or kafka-topics.sh --create --topic ${topic} --partitions ${source.partitionCount}`
    }
    return planned === undefined ? [missing] : [missing, ...judge(planned.target, createWith)]
  }
  const { error } = target.metadata
  if (error !== undefined) {
    const remedy = "kafka-acls.sh --add --allow-principal User:… --operation Read " +
      `--operation Write --operation DescribeConfigs --topic ${topic}`
    return [{ kind: "rights", topic, problem: `it cannot be looked at: ${error}`, remedy }]
  }
  return judge(target, alterTopic(topic))
}
