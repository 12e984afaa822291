/** Metadata v10: brokers, and topics with their ids; errors per topic and per partition. */
import type { Buffer } from "node:buffer"
import type { Api } from "./Api.ts"
import type { KafkaErrorName } from "./ErrorCodes.ts"
import { errorName } from "./ErrorCodes.ts"
import type { WireReader } from "./WireReader.ts"

export interface MetadataRequest {
  /** `undefined`: all topics. */
  readonly topics: ReadonlyArray<string> | undefined
}

const noId = new Uint8Array(16)

/** A topic id as Kafka's tools print it: 22 characters of base64url. */
export const topicIdText = (id: Buffer): string => id.toString("base64url")

const readBroker = (from: WireReader) => {
  const broker = {
    nodeId: from.int32(),
    host: from.compactString(),
    port: from.int32(),
    rack: from.compactNullableString()
  }
  from.skipTags()
  return broker
}

const readPartition = (from: WireReader) => {
  const error: KafkaErrorName | undefined = errorName(from.int16())
  const partition = from.int32()
  const leader = from.int32()
  const leaderEpoch = from.int32()
  const replicas = from.compactArray(() => from.int32())
  from.compactArray(() => from.int32()) // in sync
  from.compactArray(() => from.int32()) // offline
  from.skipTags()
  return { partition, leader, leaderEpoch, replicas, error }
}

const readTopic = (from: WireReader) => {
  const error: KafkaErrorName | undefined = errorName(from.int16())
  const topic = from.compactString()
  const topicId = topicIdText(from.raw(16))
  const internal = from.boolean()
  const partitions = from.compactArray(() => readPartition(from))
    .sort((a, b) => a.partition - b.partition)
  from.int32() // authorized operations
  from.skipTags()
  return { topic, topicId, internal, error, partitions }
}

/** https://kafka.apache.org/protocol#The_Messages_Metadata; ids came with KIP-516. */
export const metadata = {
  key: 3,
  name: "Metadata",
  version: 10,
  flexible: true,
  throttle: "first",
  write: (to, { topics }) => {
    to.compactArray(topics, (topic) => {
      to.raw(noId)
      to.compactString(topic)
      to.noTags()
    })
    to.boolean(false) // topics are never created by asking for them
    to.boolean(false)
    to.boolean(false)
    to.noTags()
  },
  read: (from) => {
    from.int32() // throttle time
    const brokers = from.compactArray(() => readBroker(from))
    const clusterId = from.compactString()
    const controllerId = from.int32()
    const topics = from.compactArray(() => readTopic(from))
    from.int32() // authorized operations
    from.skipTags()
    return { clusterId, controllerId, brokers, topics }
  }
} as const satisfies Api<MetadataRequest, unknown>
