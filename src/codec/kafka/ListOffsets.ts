/** ListOffsets v5: the first or the last offset of partitions, with its leader epoch. */
import type { TopicPartition } from "../../domain/TopicPartition.ts"
import type { Api } from "./Api.ts"
import { readByTopic, writeByTopic } from "./ByTopic.ts"
import type { KafkaErrorName } from "./ErrorCodes.ts"
import { errorName } from "./ErrorCodes.ts"

export interface ListOffsetsRequest {
  readonly partitions: ReadonlyArray<TopicPartition>
  /** `stable` is the last stable offset, `latest` the high watermark. */
  readonly at: "earliest" | "latest" | "stable"
}

export interface ListedOffset extends TopicPartition {
  readonly offset: bigint
  readonly leaderEpoch: number
  readonly error: KafkaErrorName | undefined
}

const earliestTimestamp = -2n
const latestTimestamp = -1n

/** https://kafka.apache.org/protocol#The_Messages_ListOffsets */
export const listOffsets: Api<ListOffsetsRequest, ReadonlyArray<ListedOffset>> = {
  key: 2,
  name: "ListOffsets",
  version: 5,
  flexible: false,
  throttle: "first",
  write: (to, { at, partitions }) => {
    to.int32(-1) // not a replica
    to.int8(at === "stable" ? 1 : 0)
    writeByTopic(to, partitions, ({ partition }) => {
      to.int32(partition)
      to.int32(-1) // any leader epoch
      to.int64(at === "earliest" ? earliestTimestamp : latestTimestamp)
    })
  },
  read: (from) => {
    from.int32() // throttle time
    return readByTopic(from, (topic) => {
      const partition = from.int32()
      const error = errorName(from.int16())
      from.int64() // timestamp
      const offset = from.int64()
      const leaderEpoch = from.int32()
      return { topic, partition, offset, leaderEpoch, error }
    })
  }
}
