/** Makes sure that the topics to restore to are there, before anything is restored. */
import { Effect, Schema } from "effect"
import type { KafkaError, TopicMetadata } from "../../services/Kafka.ts"
import { Kafka } from "../../services/Kafka.ts"
import type { Definitions } from "../definitions/ReadDefinitions.ts"
import { readConfigs } from "../PlanTopic.ts"
import { patiently } from "../ReadLog.ts"
import type { PlannedTopic, WantedTarget } from "./TargetPlan.ts"
import { differences, planTopic, timestampType } from "./TargetPlan.ts"

export type { WantedTarget } from "./TargetPlan.ts"

export class TargetsError extends Schema.TaggedError<TargetsError>()("TargetsError", {
  reason: Schema.Literal("TooFewPartitions"),
  message: Schema.String
}) {}

export interface EnsureTargetsOptions {
  /** No two with the same target. */
  readonly wanted: ReadonlyArray<WantedTarget>
  /** By source. */
  readonly definitions: Definitions
  /** For the topics that are created, before what the definitions say. */
  readonly topicConfigs: Readonly<Record<string, string>>
}

export interface EnsuredTargets {
  /** Names of the topics that have been created. */
  readonly created: ReadonlyArray<string>
  /**
   * Names of targets that take timestamps as they come, though their sources had the brokers set
   * them: `switchTimestamps` makes them the same once everything is restored.
   */
  readonly toSwitch: ReadonlyArray<string>
}

/** Each waits until the brokers show the new topic. */
const createdAtOnce = 8

type Existing = readonly [target: WantedTarget, found: TopicMetadata]

const isLogAppendTime = (definitions: Definitions, { source }: WantedTarget): boolean =>
  definitions.get(source)?.configs?.[timestampType] === "LogAppendTime"

/** Names all that are too small, so that one look is enough. */
const refuseSmall = (existing: ReadonlyArray<Existing>) => {
  const small = existing.filter(([target, found]) =>
    found.partitions.length < target.leastPartitions
  )
  const named = small.map(([{ leastPartitions, target }, { partitions }]) =>
    `${target} has ${partitions.length} partitions, the restore needs ${leastPartitions}`
  )
  return small.length === 0
    ? Effect.void
    : new TargetsError({
      reason: "TooFewPartitions",
      message: `${named.join("; ")}: add partitions, or restore under another name`
    })
}

/** One line for each topic that is there already and is not as its source was. */
const tellDifferences = (existing: ReadonlyArray<Existing>, definitions: Definitions) =>
  Effect.gen(function*() {
    const kafka = yield* Kafka
    const names = existing.map(([{ target }]) => target)
    const overrides = yield* patiently("30 seconds")(kafka.topicOverrides(names))
    for (const [{ source, target }] of existing) {
      const definition = definitions.get(source)
      const actual = overrides.get(target)
      if (definition === undefined || actual === undefined) continue
      const found = differences(definition, actual)
      if (found.length === 0) continue
      yield* Effect.annotateLogs(
        Effect.logInfo(
          "the topic exists, and stays as it is: not all configs are as the source had them"
        ),
        { topic: target, differences: found.join(", ") }
      )
    }
  })

const create = ({ plainer, topic, warnings }: PlannedTopic) =>
  Effect.gen(function*() {
    const kafka = yield* Kafka
    for (const warning of warnings) yield* Effect.logWarning(warning)
    yield* patiently("30 seconds")(kafka.createTopics([topic])).pipe(
      // A broker before Kafka 3.6 does not know the limits of timestamps.
      Effect.catchIf(
        ({ reason }) => reason === "INVALID_CONFIG",
        () => patiently("30 seconds")(kafka.createTopics([plainer]))
      ),
      // Another member has made it the same way, or the answer to our own request was lost.
      Effect.catchIf(({ reason }) => reason === "TOPIC_ALREADY_EXISTS", () => Effect.void)
    )
    yield* Effect.annotateLogs(Effect.logInfo("topic created"), {
      topic: topic.topic,
      partitions: topic.partitions
    })
  })

/** Of these existing topics the ones that take timestamps as they come. */
const thatTakeTimestamps = (targets: ReadonlyArray<WantedTarget>) =>
  Effect.gen(function*() {
    const names = targets.map(({ target }) => target)
    const configs = yield* readConfigs(names, [timestampType])
    return names.filter((name) => configs.get(name)?.[timestampType] === "CreateTime")
  })

/**
 * Creates the target topics that are missing as their sources were, with the configs on top. What
 * exists stays as it is. Fails with TargetsError, before anything is created, when an existing
 * topic has too few partitions.
 */
export const ensureTargets = (
  { definitions, topicConfigs, wanted }: EnsureTargetsOptions
): Effect.Effect<EnsuredTargets, TargetsError | KafkaError, Kafka> =>
  Effect.gen(function*() {
    const kafka = yield* Kafka
    if (wanted.length === 0) return { created: [], toSwitch: [] }
    const { brokers, topics } = yield* patiently("30 seconds")(kafka.metadata(undefined))
    const there = new Map(topics.map((topic) => [topic.topic, topic]))
    const existing = wanted.flatMap((target): ReadonlyArray<Existing> => {
      const found = there.get(target.target)
      return found === undefined ? [] : [[target, found]]
    })
    yield* refuseSmall(existing)
    yield* tellDifferences(existing, definitions)
    const missing = wanted.filter(({ target }) => !there.has(target))
    yield* Effect.forEach(
      missing,
      (target) =>
        create(
          planTopic(target, definitions.get(target.source), topicConfigs, brokers.length)
        ),
      { concurrency: createdAtOnce, discard: true }
    )
    const toSwitch = yield* thatTakeTimestamps(
      wanted.filter((target) => isLogAppendTime(definitions, target))
    )
    return { created: missing.map(({ target }) => target), toSwitch }
  })

/** When all is restored: the brokers set the timestamps of these topics from now on. */
export const switchTimestamps = (
  topics: ReadonlyArray<string>
): Effect.Effect<void, KafkaError, Kafka> =>
  Effect.gen(function*() {
    if (topics.length === 0) return
    const kafka = yield* Kafka
    const configs = { [timestampType]: "LogAppendTime" }
    yield* patiently("30 seconds")(
      kafka.alterTopicConfigs(topics.map((topic) => ({ topic, configs })))
    )
    yield* Effect.annotateLogs(
      Effect.logInfo("restored topics are switched to LogAppendTime, as their sources were"),
      { topics: topics.join(", ") }
    )
  })
