/** Fetch v11, without a fetch session. */
import type { Buffer } from "node:buffer"
import type { TopicPartition } from "../../domain/TopicPartition.ts"
import type { Api } from "./Api.ts"
import { readByTopic, writeByTopic } from "./ByTopic.ts"
import { errorName } from "./ErrorCodes.ts"
import type { KafkaErrorName } from "./ErrorCodes.ts"

export interface FetchRequestPartition extends TopicPartition {
  readonly offset: bigint
  readonly maxBytes: number
  /** -1: unknown. */
  readonly leaderEpoch: number
}

export interface FetchRequestBody {
  readonly partitions: ReadonlyArray<FetchRequestPartition>
  readonly maxWaitMs: number
  readonly minBytes: number
  readonly maxBytes: number
  readonly isolation: "read_committed" | "read_uncommitted"
}

export interface FetchResponsePartition extends TopicPartition {
  readonly error: KafkaErrorName | undefined
  readonly highWatermark: bigint
  readonly lastStableOffset: bigint
  readonly logStartOffset: bigint
  readonly aborted: ReadonlyArray<{ readonly producerId: bigint; readonly firstOffset: bigint }>
  /** A view of the response. */
  readonly records: Buffer
}

export interface FetchResponseBody {
  readonly throttleMs: number
  /** Of the request as a whole. */
  readonly error: KafkaErrorName | undefined
  readonly partitions: ReadonlyArray<FetchResponsePartition>
}

/** https://kafka.apache.org/protocol#The_Messages_Fetch */
export const fetch: Api<FetchRequestBody, FetchResponseBody> = {
  key: 1,
  name: "Fetch",
  version: 11,
  flexible: false,
  throttle: "first",
  write: (to, request) => {
    to.int32(-1) // not a replica
    to.int32(request.maxWaitMs)
    to.int32(request.minBytes)
    to.int32(request.maxBytes)
    to.int8(request.isolation === "read_committed" ? 1 : 0)
    to.int32(0) // no session
    to.int32(-1) // and none to be made
    writeByTopic(to, request.partitions, ({ leaderEpoch, maxBytes, offset, partition }) => {
      to.int32(partition)
      to.int32(leaderEpoch)
      to.int64(offset)
      to.int64(-1n) // log start, for replicas only
      to.int32(maxBytes)
    })
    to.int32(0) // nothing to forget
    to.string("") // no rack: never a follower
  },
  read: (from) => {
    const throttleMs = from.int32()
    const error = errorName(from.int16())
    from.int32() // session id
    const partitions = readByTopic(from, (topic) => {
      const partition = from.int32()
      const error = errorName(from.int16())
      const highWatermark = from.int64()
      const lastStableOffset = from.int64()
      const logStartOffset = from.int64()
      const aborted = from.array(() => ({ producerId: from.int64(), firstOffset: from.int64() }))
      from.int32() // preferred read replica
      const records = from.byteArray()
      return {
        topic,
        partition,
        error,
        highWatermark,
        lastStableOffset,
        logStartOffset,
        aborted,
        records
      }
    })
    return { throttleMs, error, partitions }
  }
}
