/** IncrementalAlterConfigs v0, of topics: sets some of their configs, or takes them away. */
import type { Api } from "./Api.ts"
import { errorName } from "./ErrorCodes.ts"
import type { TopicResult } from "./Topics.ts"

export interface TopicConfigsToSet {
  readonly topic: string
  /** `null`: the broker's default again. Those that are not named stay as they are. */
  readonly configs: Readonly<Record<string, string | null>>
}

/** ConfigResource.Type.TOPIC */
const topicResource = 2
/** AlterConfigOp.OpType */
const set = 0
const remove = 1

/** https://kafka.apache.org/protocol#The_Messages_IncrementalAlterConfigs */
export const alterTopicConfigs: Api<
  ReadonlyArray<TopicConfigsToSet>,
  ReadonlyArray<TopicResult>
> = {
  key: 44,
  name: "IncrementalAlterConfigs",
  version: 0,
  flexible: false,
  throttle: "first",
  write: (to, topics) => {
    to.array(topics, ({ configs, topic }) => {
      to.int8(topicResource)
      to.string(topic)
      to.array(Object.entries(configs), ([name, value]) => {
        to.string(name)
        to.int8(value === null ? remove : set)
        to.nullableString(value)
      })
    })
    to.boolean(false) // not only a validation
  },
  read: (from) => {
    from.int32() // throttle time
    return from.array(() => {
      const error = errorName(from.int16())
      const detail = from.nullableString() ?? ""
      from.int8() // resource type
      return { topic: from.string(), error, detail }
    })
  }
}
