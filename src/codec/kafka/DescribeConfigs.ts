/** DescribeConfigs v2, of topics: their effective configs. */
import type { Api } from "./Api.ts"
import type { KafkaErrorName } from "./ErrorCodes.ts"
import { errorName } from "./ErrorCodes.ts"

export interface DescribeTopicsConfigsRequest {
  readonly topics: ReadonlyArray<string>
  /** `undefined`: all. */
  readonly names: ReadonlyArray<string> | undefined
}

export interface TopicConfigs {
  readonly topic: string
  readonly error: KafkaErrorName | undefined
  readonly detail: string
  /** Without those that have no value or whose value is secret. */
  readonly configs: Readonly<Record<string, string>>
  /** Those of them that the topic has of its own, in place of the broker's. */
  readonly overrides: Readonly<Record<string, string>>
}

/** ConfigResource.Type.TOPIC */
const topicResource = 2
/** ConfigSource.DYNAMIC_TOPIC_CONFIG */
const ofTheTopic = 1

/** https://kafka.apache.org/protocol#The_Messages_DescribeConfigs */
export const describeTopicConfigs: Api<DescribeTopicsConfigsRequest, ReadonlyArray<TopicConfigs>> =
  {
    key: 32,
    name: "DescribeConfigs",
    version: 2,
    flexible: false,
    throttle: "first",
    write: (to, { names, topics }) => {
      to.array(topics, (topic) => {
        to.int8(topicResource)
        to.string(topic)
        if (names === undefined) to.int32(-1)
        else to.array(names, (name) => to.string(name))
      })
      to.boolean(false) // no synonyms
    },
    read: (from) => {
      from.int32() // throttle time
      return from.array(() => {
        const error = errorName(from.int16())
        const detail = from.nullableString() ?? ""
        from.int8() // resource type
        const topic = from.string()
        const entries = from.array(() => {
          const name = from.string()
          const value = from.nullableString()
          from.boolean() // read only
          const source = from.int8()
          from.boolean() // sensitive
          from.array(() => {
            from.string()
            from.nullableString()
            from.int8()
          })
          return { name, value, source }
        })
        const configs: Record<string, string> = {}
        const overrides: Record<string, string> = {}
        for (const { name, source, value } of entries) {
          if (value === null) continue
          configs[name] = value
          if (source === ofTheTopic) overrides[name] = value
        }
        return { topic, error, detail, configs, overrides }
      })
    }
  }
