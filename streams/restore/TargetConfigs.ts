/** What a target topic's configuration means for the restore: asked for once per topic. */
import { Effect } from "effect"
import type { Kafka, KafkaError } from "../../services/Kafka.ts"
import { readConfigs } from "../PlanTopic.ts"

export interface TargetConfig {
  /** Bytes of the largest batch that the topic takes. */
  readonly maxMessageBytes: number
  readonly rewritesTimestamps: boolean
}

export interface TargetConfigs {
  readonly of: (topic: string) => Effect.Effect<TargetConfig, KafkaError, Kafka>
  /** It may have changed. */
  readonly forget: (topic: string) => void
}

/** Kafka's default for `max.message.bytes`. */
const defaultMaxMessageBytes = 1_048_588

const names = ["max.message.bytes", "message.timestamp.type"]

export const makeTargetConfigs = (): TargetConfigs => {
  const known = new Map<string, TargetConfig>()
  return {
    of: (topic) =>
      Effect.suspend(() => {
        const found = known.get(topic)
        if (found !== undefined) return Effect.succeed(found)
        return Effect.map(readConfigs([topic], names), (configs) => {
          const values = configs.get(topic)
          const bytes = Number(values?.["max.message.bytes"])
          const config = {
            maxMessageBytes: bytes > 0 ? bytes : defaultMaxMessageBytes,
            rewritesTimestamps: values?.["message.timestamp.type"] === "LogAppendTime"
          }
          known.set(topic, config)
          return config
        })
      }),
    forget: (topic) => {
      known.delete(topic)
    }
  }
}
