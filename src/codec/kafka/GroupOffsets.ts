/** OffsetCommit v7 and OffsetFetch v5: a group's positions, with leader epochs. */
import type { TopicPartition } from "../../domain/TopicPartition.ts"
import type { Api } from "./Api.ts"
import { readByTopic, readErrorsByTopic, writeByTopic } from "./ByTopic.ts"
import type { KafkaErrorName } from "./ErrorCodes.ts"
import { errorName } from "./ErrorCodes.ts"

export interface Position extends TopicPartition {
  readonly offset: bigint
  /** -1: unknown. */
  readonly leaderEpoch: number
  readonly metadata: string | null
}

type Failed = { readonly error: KafkaErrorName | undefined }

export interface OffsetCommitRequest {
  readonly groupId: string
  readonly generation: number
  readonly memberId: string
  readonly offsets: ReadonlyArray<Position>
}

/** https://kafka.apache.org/protocol#The_Messages_OffsetCommit; leader epochs: KIP-320. */
export const offsetCommit: Api<OffsetCommitRequest, ReadonlyArray<TopicPartition & Failed>> = {
  key: 8,
  name: "OffsetCommit",
  version: 7,
  flexible: false,
  throttle: "first",
  write: (to, { generation, groupId, memberId, offsets }) => {
    to.string(groupId)
    to.int32(generation)
    to.string(memberId)
    to.nullableString(null) // group instance id
    writeByTopic(to, offsets, ({ leaderEpoch, metadata, offset, partition }) => {
      to.int32(partition)
      to.int64(offset)
      to.int32(leaderEpoch)
      to.nullableString(metadata)
    })
  },
  read: (from) => {
    from.int32() // throttle time
    return readErrorsByTopic(from)
  }
}

export interface OffsetFetchRequest {
  readonly groupId: string
  /** `undefined`: every partition with a committed offset. */
  readonly partitions: ReadonlyArray<TopicPartition> | undefined
}

export interface OffsetFetchResponse extends Failed {
  readonly offsets: ReadonlyArray<Position & Failed>
}

/** https://kafka.apache.org/protocol#The_Messages_OffsetFetch */
export const offsetFetch: Api<OffsetFetchRequest, OffsetFetchResponse> = {
  key: 9,
  name: "OffsetFetch",
  version: 5,
  flexible: false,
  throttle: "first",
  write: (to, { groupId, partitions }) => {
    to.string(groupId)
    if (partitions === undefined) to.int32(-1)
    else writeByTopic(to, partitions, ({ partition }) => to.int32(partition))
  },
  read: (from) => {
    from.int32() // throttle time
    const offsets = readByTopic(from, (topic) => ({
      topic,
      partition: from.int32(),
      offset: from.int64(),
      leaderEpoch: from.int32(),
      metadata: from.nullableString(),
      error: errorName(from.int16())
    }))
    return { offsets, error: errorName(from.int16()) }
  }
}
