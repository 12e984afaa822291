/** Fetch v11, in a fetch session (KIP-227) or without. */
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

export interface FetchRequestSession {
  /** 0: none yet. A full request ends the session that it names. */
  readonly id: number
  /** One more than that of the request before; 0 asks for a new session, -1 ends this one. */
  readonly epoch: number
  /** Taken out of the session; a partition that is asked for too would be forgotten all the same. */
  readonly forgotten: ReadonlyArray<TopicPartition>
}

export interface FetchRequestBody {
  /** With a session whose epoch is above 0: those that are new to it, or changed. */
  readonly partitions: ReadonlyArray<FetchRequestPartition>
  readonly session?: FetchRequestSession | undefined
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
  /** 0: there is no session, because none was asked for or the broker keeps no more of them. */
  readonly sessionId: number
  /** In a session whose epoch is above 0: those with something new. */
  readonly partitions: ReadonlyArray<FetchResponsePartition>
}

const noSession: FetchRequestSession = { id: 0, epoch: -1, forgotten: [] }

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
    const session = request.session ?? noSession
    to.int32(session.id)
    to.int32(session.epoch)
    writeByTopic(to, request.partitions, ({ leaderEpoch, maxBytes, offset, partition }) => {
      to.int32(partition)
      to.int32(leaderEpoch)
      to.int64(offset)
      to.int64(-1n) // log start, for replicas only
      to.int32(maxBytes)
    })
    writeByTopic(to, session.forgotten, ({ partition }) => to.int32(partition))
    to.string("") // no rack: never a follower
  },
  read: (from) => {
    const throttleMs = from.int32()
    const error = errorName(from.int16())
    const sessionId = from.int32()
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
    return { throttleMs, error, sessionId, partitions }
  }
}
