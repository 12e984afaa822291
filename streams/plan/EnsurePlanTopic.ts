/** Finds the plan topic, or creates it when it was asked to. */
import { Effect, Schedule } from "effect"
import type { TopicMetadata } from "../../services/Kafka.ts"
import { Kafka } from "../../services/Kafka.ts"
import type { PlanOptions } from "../../src/domain/Settings.ts"
import type { Leaders } from "../Leaders.ts"
import { findPlanTopic, PlanError, refuseCompacted } from "../PlanTopic.ts"
import { patiently } from "../ReadLog.ts"

/** A plan must not age away or be compacted while it waits for its restore. */
const configs = { "cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1" }

const noPlanTopic = (message: string) => new PlanError({ reason: "NoPlanTopic", message })

const hasLeaders = (topic: TopicMetadata | undefined): boolean =>
  topic !== undefined && topic.error === undefined &&
  topic.partitions.length > 0 && topic.partitions.every(({ leader }) => leader >= 0)

/** Fails with what to do when the topic is missing, compacted, or does not come to be. */
export const ensurePlanTopic = (leaders: Leaders, options: PlanOptions) =>
  Effect.gen(function*() {
    const { planTopic, planTopicPartitions } = options
    const kafka = yield* Kafka
    const found = yield* findPlanTopic(leaders, planTopic)
    if (found === undefined) {
      if (planTopicPartitions === undefined) {
        return yield* noPlanTopic(
          `plan topic ${planTopic} does not exist: create it, or give --plan-topic-partitions N`
        )
      }
      yield* kafka.createTopics([
        { topic: planTopic, partitions: planTopicPartitions, replicationFactor: -1, configs }
      ]).pipe(
        Effect.catchIf((error) => error.reason === "TOPIC_ALREADY_EXISTS", () => Effect.void),
        patiently("30 seconds")
      )
      yield* Effect.logInfo("plan topic created").pipe(
        Effect.annotateLogs({ topic: planTopic, partitions: planTopicPartitions })
      )
    }
    const topic = yield* findPlanTopic(leaders, planTopic).pipe(
      Effect.filterOrFail(hasLeaders, () =>
        noPlanTopic(`plan topic ${planTopic} has no leaders for its partitions`)),
      Effect.retry({
        schedule: Schedule.spaced("200 millis"),
        times: 50,
        while: (error) =>
          error._tag === "PlanError"
      })
    )
    if (topic === undefined) return yield* noPlanTopic(`plan topic ${planTopic} does not exist`)
    yield* refuseCompacted(planTopic)
    return topic
  })
