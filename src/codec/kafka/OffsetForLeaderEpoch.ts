/** OffsetForLeaderEpoch v3: where a leader epoch ends in the leader's log (KIP-101, KIP-320). */
import type { TopicPartition } from "../../domain/TopicPartition.ts"
import type { Api } from "./Api.ts"
import { readByTopic, writeByTopic } from "./ByTopic.ts"
import type { KafkaErrorName } from "./ErrorCodes.ts"
import { errorName } from "./ErrorCodes.ts"

export interface EpochOfPartition extends TopicPartition {
  /** The epoch asked about. */
  readonly leaderEpoch: number
  /** What the asker takes for the leader's present epoch; -1: unknown, and not checked. */
  readonly currentLeaderEpoch: number
}

export interface EpochEnd extends TopicPartition {
  /** The epoch asked about, or the largest before it that the log has; -1: the leader cannot tell. */
  readonly leaderEpoch: number
  /** The offset after its last record, or -1. */
  readonly endOffset: bigint
  readonly error: KafkaErrorName | undefined
}

/** https://kafka.apache.org/protocol#The_Messages_OffsetForLeaderEpoch */
export const offsetForLeaderEpoch: Api<
  ReadonlyArray<EpochOfPartition>,
  ReadonlyArray<EpochEnd>
> = {
  key: 23,
  name: "OffsetForLeaderEpoch",
  version: 3,
  flexible: false,
  throttle: "first",
  write: (to, partitions) => {
    to.int32(-1) // not a replica
    writeByTopic(to, partitions, ({ currentLeaderEpoch, leaderEpoch, partition }) => {
      to.int32(partition)
      to.int32(currentLeaderEpoch)
      to.int32(leaderEpoch)
    })
  },
  read: (from) => {
    from.int32() // throttle time
    return readByTopic(from, (topic) => {
      const error = errorName(from.int16())
      const partition = from.int32()
      const leaderEpoch = from.int32()
      const endOffset = from.int64()
      return { topic, partition, leaderEpoch, endOffset, error }
    })
  }
}
