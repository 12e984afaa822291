/**
 * What members of a consumer group tell each other through the coordinator: subscriptions and
 * assignments of the protocol type `consumer` (Kafka's ConsumerProtocolSubscription.json and
 * ConsumerProtocolAssignment.json; owned partitions KIP-429, generation KIP-792, rack KIP-881).
 * Fields are only ever added at the end, so a newer version is read as the newest known here.
 */
import type { Buffer } from "node:buffer"
import type { TopicPartition } from "../../domain/TopicPartition.ts"
import { WireReader } from "./WireReader.ts"
import { WireWriter } from "./WireWriter.ts"

export interface Subscription {
  readonly topics: ReadonlyArray<string>
  readonly owned: ReadonlyArray<TopicPartition>
  /** Generation in which `owned` was assigned; -1 when the member says none. */
  readonly generation: number
}

/** The assignor's name in JoinGroup, the only one that this program and franz-go's default share. */
export const cooperativeSticky = "cooperative-sticky"

const subscriptionVersion = 3
const assignmentVersion = 0
const noGeneration = -1

const writePartitions = (writer: WireWriter, partitions: ReadonlyArray<TopicPartition>): void => {
  const byTopic = new Map<string, Array<number>>()
  for (const { partition, topic } of partitions) {
    const known = byTopic.get(topic)
    if (known === undefined) byTopic.set(topic, [partition])
    else known.push(partition)
  }
  // Sorted, because the coordinator starts a rebalance when these bytes differ from the last ones.
  const topics = [...byTopic].sort(([a], [b]) => (a < b ? -1 : 1))
  writer.array(topics, ([topic, numbers]) => {
    writer.string(topic)
    writer.array(numbers.sort((a, b) => a - b), (number) => writer.int32(number))
  })
}

const readPartitions = (reader: WireReader): Array<TopicPartition> =>
  reader.array(() => {
    const topic = reader.string()
    return reader.array(() => ({ topic, partition: reader.int32() }))
  }).flat()

/** Version 3, with the user data of Java's CooperativeStickyAssignor: the generation as int32. */
export const encodeSubscription = (subscription: Subscription): Buffer => {
  const userData = new WireWriter()
  userData.int32(subscription.generation)
  const writer = new WireWriter()
  writer.int16(subscriptionVersion)
  writer.array([...subscription.topics].sort(), (topic) => writer.string(topic))
  writer.byteArray(userData.bytes())
  writePartitions(writer, subscription.owned)
  writer.int32(subscription.generation)
  writer.nullableString(null)
  return writer.bytes()
}

/**
 * The user data of cooperative-sticky, which has two dialects: Java writes the generation alone,
 * franz-go what the eager sticky assignor writes (KIP-341), the partitions and then the generation.
 * Anything else says nothing.
 */
const readUserData = (bytes: Buffer): Pick<Subscription, "owned" | "generation"> => {
  const nothing = { owned: [], generation: noGeneration }
  if (bytes.length < 4) return nothing
  if (bytes.length === 4) return { owned: [], generation: bytes.readInt32BE(0) }
  try {
    const reader = new WireReader(bytes)
    const owned = readPartitions(reader)
    return { owned, generation: reader.remaining >= 4 ? reader.int32() : noGeneration }
  } catch {
    return nothing
  }
}

/** Reads every version. Throws CodecError when the bytes end inside a field that the version has. */
export const decodeSubscription = (bytes: Buffer): Subscription => {
  const reader = new WireReader(bytes)
  const version = reader.int16()
  const topics = reader.array(() => reader.string())
  const userData = readUserData(reader.byteArray())
  // Some clients say version 1 and stop before its field.
  const owned = version >= 1 && reader.remaining > 0 ? readPartitions(reader) : userData.owned
  const own = version >= 2 && reader.remaining > 0 ? reader.int32() : noGeneration
  return { topics, owned, generation: own === noGeneration ? userData.generation : own }
}

export const encodeAssignment = (partitions: ReadonlyArray<TopicPartition>): Buffer => {
  const writer = new WireWriter()
  writer.int16(assignmentVersion)
  writePartitions(writer, partitions)
  writer.int32(-1)
  return writer.bytes()
}

/** No bytes at all are an empty assignment: that is what a member gets whom the leader left out. */
export const decodeAssignment = (bytes: Buffer): ReadonlyArray<TopicPartition> => {
  if (bytes.length === 0) return []
  const reader = new WireReader(bytes)
  reader.int16()
  return readPartitions(reader)
}
