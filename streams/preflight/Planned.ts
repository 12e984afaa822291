/** Missing targets as `-create-topics` is going to make them, to be judged before they are there. */
import type { TopicDefinition } from "../../src/domain/TopicDefinition.ts"
import { planTopic } from "../targets/TargetPlan.ts"
import type { WantedTarget } from "../targets/TargetPlan.ts"
import type { PlannedTarget } from "./Preflight.ts"

/** Of what neither definition nor command line say only this is taken for granted. */
const assumed = { "cleanup.policy": "delete" }

export const plannedTarget = (
  wanted: WantedTarget,
  definition: TopicDefinition | undefined,
  topicConfigs: Readonly<Record<string, string>>,
  brokers: number
): PlannedTarget => {
  const { topic } = planTopic(wanted, definition, topicConfigs, brokers)
  const { configs, partitions, replicationFactor } = topic
  const { "min.insync.replicas": insync, ...others } = configs
  // The broker's default decides on how many there are: then nothing can be said of them.
  const known = replicationFactor > 0
  const replicas = Array.from({ length: known ? replicationFactor : 1 }, (_, at) => at)
  const had = definition?.replicationFactor ?? -1
  return {
    fewer: had > brokers ? `; its source had ${had} replicas, there can be ${brokers}` : "",
    target: {
      metadata: {
        topic: topic.topic,
        topicId: "",
        internal: false,
        error: undefined,
        partitions: Array.from({ length: partitions }, (_, partition) => (
          { partition, leader: -1, leaderEpoch: -1, replicas, error: undefined }
        ))
      },
      configs: {
        ...assumed,
        ...others,
        ...(insync === undefined || !known ? {} : { "min.insync.replicas": insync })
      }
    }
  }
}
