/** The plan topic as plan and restore find it: whether it can hold a plan, and what it holds. */
import type { Stream } from "effect"
import { Effect, Schema } from "effect"
import type { TopicMetadata } from "../services/Kafka.ts"
import { Kafka, KafkaError } from "../services/Kafka.ts"
import type { CodecError } from "../src/codec/CodecError.ts"
import type { TopicPartition } from "../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../src/domain/TopicPartition.ts"
import type { Leaders } from "./Leaders.ts"
import type { LogPage } from "./ReadLog.ts"
import { pagesOf, patiently, readLogPatiently } from "./ReadLog.ts"

/** A plan, a plan topic or an archive that planning or restoring cannot work with. */
export class PlanError extends Schema.TaggedError<PlanError>()("PlanError", {
  reason: Schema.Literal(
    "NoPlanTopic",
    "CompactedPlanTopic",
    "OtherPlan",
    "NoTopics",
    "Clash",
    "Disorder"
  ),
  message: Schema.String
}) {}

const missing = new Set(["UNKNOWN_TOPIC_OR_PARTITION", "UNKNOWN_TOPIC_ID"])

/** The plan topic's metadata, `undefined` when the cluster does not have it. */
export const findPlanTopic = (leaders: Leaders, planTopic: string) =>
  Effect.gen(function*() {
    const kafka = yield* Kafka
    const { topics } = yield* patiently("5 seconds")(kafka.metadata([planTopic]))
    const found = topics.find(({ topic }) => topic === planTopic)
    if (found === undefined || (found.error !== undefined && missing.has(found.error))) {
      return undefined
    }
    leaders.learn([found])
    return found
  })

const refused = new Set(["TOPIC_AUTHORIZATION_FAILED", "CLUSTER_AUTHORIZATION_FAILED"])

/** Configs of topics; none, with a warning, when this user may not read them. */
export const readConfigs = (topics: ReadonlyArray<string>, names: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const kafka = yield* Kafka
    return yield* patiently("30 seconds")(kafka.topicConfigs(topics, names)).pipe(
      Effect.catchIf((error) => refused.has(error.reason), (error) =>
        Effect.as(
          Effect.logWarning("may not read topic configs, going on without").pipe(
            Effect.annotateLogs({ error: error.message })
          ),
          new Map<string, Readonly<Record<string, string>>>()
        ))
    )
  })

/** Refuses a plan topic that forgets: compaction keeps one file per partition of the archive. */
export const refuseCompacted = (planTopic: string) =>
  Effect.gen(function*() {
    const configs = yield* readConfigs([planTopic], ["cleanup.policy"])
    const policy = configs.get(planTopic)?.["cleanup.policy"] ?? ""
    if (!policy.includes("compact")) return
    const message =
      `plan topic ${planTopic} has cleanup.policy=${policy}: compaction loses planned files; ` +
      "use a topic with cleanup.policy=delete"
    return yield* new PlanError({ reason: "CompactedPlanTopic", message })
  })

export const planPartitions = (topic: TopicMetadata): ReadonlyArray<TopicPartition> =>
  topic.partitions.map(({ partition }) => ({ topic: topic.topic, partition }))

/** Where each plan partition ends now (its last stable offset), or begins; by partition. */
export const logOffsets = (
  partitions: ReadonlyArray<TopicPartition>,
  at: "earliest" | "stable" | "latest"
): Effect.Effect<ReadonlyMap<number, bigint>, KafkaError, Kafka> =>
  Effect.flatMap(Kafka, (kafka) => kafka.listOffsets(partitions, at)).pipe(
    Effect.flatMap((answers) => {
      const offsets = new Map<number, bigint>()
      for (const { error, offset, ...source } of answers) {
        if (error !== undefined) {
          const subject = topicPartitionName(source)
          return new KafkaError({ operation: "list offsets", subject, reason: error, cause: "" })
        }
        offsets.set(source.partition, offset)
      }
      return Effect.succeed(offsets)
    }),
    patiently("30 seconds")
  )

/** Records of a plan partition from `from` up to `end`, a page per element. */
export const readPlan = (
  leaders: Leaders,
  source: TopicPartition,
  from: bigint,
  end: bigint
): Stream.Stream<LogPage, KafkaError | CodecError, Kafka> =>
  pagesOf((position) => readLogPatiently(leaders, source, position), from, end)
