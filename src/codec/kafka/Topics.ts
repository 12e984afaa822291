/** CreateTopics v4, DeleteTopics v3, CreatePartitions v1. */
import type { Api } from "./Api.ts"
import type { KafkaErrorName } from "./ErrorCodes.ts"
import { errorName } from "./ErrorCodes.ts"
import type { WireReader } from "./WireReader.ts"

export interface TopicResult {
  readonly topic: string
  readonly error: KafkaErrorName | undefined
  /** What the broker says about the error; empty when it says nothing. */
  readonly detail: string
}

const readDetailed = (from: WireReader): ReadonlyArray<TopicResult> => {
  from.int32() // throttle time
  return from.array(() => ({
    topic: from.string(),
    error: errorName(from.int16()),
    detail: from.nullableString() ?? ""
  }))
}

export interface CreateTopicsRequest {
  readonly topics: ReadonlyArray<{
    readonly topic: string
    readonly partitions: number
    /** -1: the broker's default (KIP-464). */
    readonly replicationFactor: number
    readonly configs: Readonly<Record<string, string>>
  }>
  readonly timeoutMs: number
}

/** https://kafka.apache.org/protocol#The_Messages_CreateTopics */
export const createTopics: Api<CreateTopicsRequest, ReadonlyArray<TopicResult>> = {
  key: 19,
  name: "CreateTopics",
  version: 4,
  flexible: false,
  throttle: "first",
  write: (to, { timeoutMs, topics }) => {
    to.array(topics, ({ configs, partitions, replicationFactor, topic }) => {
      to.string(topic)
      to.int32(partitions)
      to.int16(replicationFactor)
      to.int32(0) // replicas where the broker wants them
      to.array(Object.entries(configs), ([name, value]) => {
        to.string(name)
        to.string(value)
      })
    })
    to.int32(timeoutMs)
    to.boolean(false) // not only a validation
  },
  read: readDetailed
}

export interface DeleteTopicsRequest {
  readonly topics: ReadonlyArray<string>
  readonly timeoutMs: number
}

/** https://kafka.apache.org/protocol#The_Messages_DeleteTopics */
export const deleteTopics: Api<DeleteTopicsRequest, ReadonlyArray<TopicResult>> = {
  key: 20,
  name: "DeleteTopics",
  version: 3,
  flexible: false,
  throttle: "first",
  write: (to, { timeoutMs, topics }) => {
    to.array(topics, (topic) => to.string(topic))
    to.int32(timeoutMs)
  },
  read: (from) => {
    from.int32() // throttle time
    return from.array(() => ({
      topic: from.string(),
      error: errorName(from.int16()),
      detail: ""
    }))
  }
}

export interface CreatePartitionsRequest {
  readonly topic: string
  /** Partitions that the topic has afterwards. */
  readonly total: number
  readonly timeoutMs: number
}

/** https://kafka.apache.org/protocol#The_Messages_CreatePartitions */
export const createPartitions: Api<CreatePartitionsRequest, ReadonlyArray<TopicResult>> = {
  key: 37,
  name: "CreatePartitions",
  version: 1,
  flexible: false,
  throttle: "first",
  write: (to, { timeoutMs, topic, total }) => {
    to.int32(1)
    to.string(topic)
    to.int32(total)
    to.int32(-1) // replicas where the broker wants them
    to.int32(timeoutMs)
    to.boolean(false) // not only a validation
  },
  read: readDetailed
}
