/** Metadata v10: brokers, and topics with their ids; errors per topic and per partition. */
import type { Buffer } from "node:buffer"
import type { AclOperation } from "./AclOperations.ts"
import { operationsIn } from "./AclOperations.ts"
import type { Api } from "./Api.ts"
import type { KafkaErrorName } from "./ErrorCodes.ts"
import { errorName } from "./ErrorCodes.ts"
import type { WireReader } from "./WireReader.ts"
import type { WireWriter } from "./WireWriter.ts"

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

const readTopicWithRights = (from: WireReader) => {
  const error: KafkaErrorName | undefined = errorName(from.int16())
  const topic = from.compactString()
  const topicId = topicIdText(from.raw(16))
  const internal = from.boolean()
  const partitions = from.compactArray(() => readPartition(from))
    .sort((a, b) => a.partition - b.partition)
  const operations = operationsIn(from.int32())
  from.skipTags()
  return { found: { topic, topicId, internal, error, partitions }, operations }
}

const readTopic = (from: WireReader) => readTopicWithRights(from).found

const writeRequest = (to: WireWriter, { topics }: MetadataRequest, rights: boolean): void => {
  to.compactArray(topics, (topic) => {
    to.raw(noId)
    to.compactString(topic)
    to.noTags()
  })
  to.boolean(false) // topics are never created by asking for them
  to.boolean(rights) // of the cluster
  to.boolean(rights) // of the topics
  to.noTags()
}

/** https://kafka.apache.org/protocol#The_Messages_Metadata; ids came with KIP-516. */
export const metadata = {
  key: 3,
  name: "Metadata",
  version: 10,
  flexible: true,
  throttle: "first",
  write: (to, request) => writeRequest(to, request, false),
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

export interface TopicRights {
  /** `undefined`: not told, or nothing that it may know of. */
  readonly cluster: ReadonlySet<AclOperation> | undefined
  readonly topics: ReadonlyArray<{
    readonly topic: string
    readonly operations: ReadonlySet<AclOperation> | undefined
  }>
}

/** The same request for what it says of the rights of who asks (KIP-430). */
export const topicRights: Api<MetadataRequest, TopicRights> = {
  ...metadata,
  write: (to, request) => writeRequest(to, request, true),
  read: (from) => {
    from.int32() // throttle time
    from.compactArray(() => readBroker(from))
    from.compactString() // cluster id
    from.int32() // controller
    const topics = from.compactArray(() => {
      const { found: { topic }, operations } = readTopicWithRights(from)
      return { topic, operations }
    })
    // Without the right to describe the cluster there is no bit, whatever else is allowed.
    const cluster = operationsIn(from.int32())
    from.skipTags()
    return { topics, cluster: cluster?.size === 0 ? undefined : cluster }
  }
}
