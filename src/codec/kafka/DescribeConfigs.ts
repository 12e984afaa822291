/** DescribeConfigs v2, of topics: their effective configs. */
import type { Api } from "./Api.ts"
import type { KafkaErrorName } from "./ErrorCodes.ts"
import { errorName } from "./ErrorCodes.ts"

export interface DescribeTopicsConfigsRequest {
  readonly topics: ReadonlyArray<string>
  readonly names: ReadonlyArray<string>
}

export interface TopicConfigs {
  readonly topic: string
  readonly error: KafkaErrorName | undefined
  readonly detail: string
  /** Without those that have no value or whose value is secret. */
  readonly configs: Readonly<Record<string, string>>
}

/** ConfigResource.Type.TOPIC */
const topicResource = 2

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
        to.array(names, (name) => to.string(name))
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
          from.int8() // source
          from.boolean() // sensitive
          from.array(() => {
            from.string()
            from.nullableString()
            from.int8()
          })
          return { name, value }
        })
        const configs: Record<string, string> = {}
        for (const { name, value } of entries) if (value !== null) configs[name] = value
        return { topic, error, detail, configs }
      })
    }
  }
