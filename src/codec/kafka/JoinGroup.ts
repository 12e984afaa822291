/** JoinGroup v5 and SyncGroup v3: the two steps of a rebalance (classic protocol). */
import type { Buffer } from "node:buffer"
import type { Api } from "./Api.ts"
import type { KafkaErrorName } from "./ErrorCodes.ts"
import { errorName } from "./ErrorCodes.ts"

export interface JoinGroupRequest {
  readonly groupId: string
  readonly memberId: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly protocolType: string
  readonly protocols: ReadonlyArray<{ readonly name: string; readonly metadata: Buffer }>
}

export interface JoinGroupResponse {
  readonly error: KafkaErrorName | undefined
  readonly generation: number
  readonly protocol: string
  readonly leaderId: string
  readonly memberId: string
  readonly members: ReadonlyArray<{ readonly memberId: string; readonly metadata: Buffer }>
}

/** https://kafka.apache.org/protocol#The_Messages_JoinGroup; no static membership. */
export const joinGroup: Api<JoinGroupRequest, JoinGroupResponse> = {
  key: 11,
  name: "JoinGroup",
  version: 5,
  flexible: false,
  throttle: "first",
  write: (to, request) => {
    to.string(request.groupId)
    to.int32(request.sessionTimeoutMs)
    to.int32(request.rebalanceTimeoutMs)
    to.string(request.memberId)
    to.nullableString(null) // group instance id
    to.string(request.protocolType)
    to.array(request.protocols, ({ metadata, name }) => {
      to.string(name)
      to.byteArray(metadata)
    })
  },
  read: (from) => {
    from.int32() // throttle time
    return {
      error: errorName(from.int16()),
      generation: from.int32(),
      protocol: from.string(),
      leaderId: from.string(),
      memberId: from.string(),
      members: from.array(() => {
        const memberId = from.string()
        from.nullableString() // group instance id
        return { memberId, metadata: from.byteArray() }
      })
    }
  }
}

export interface SyncGroupRequest {
  readonly groupId: string
  readonly generation: number
  readonly memberId: string
  readonly assignments: ReadonlyArray<{ readonly memberId: string; readonly assignment: Buffer }>
}

export interface SyncGroupResponse {
  readonly error: KafkaErrorName | undefined
  readonly assignment: Buffer
}

/** https://kafka.apache.org/protocol#The_Messages_SyncGroup */
export const syncGroup: Api<SyncGroupRequest, SyncGroupResponse> = {
  key: 14,
  name: "SyncGroup",
  version: 3,
  flexible: false,
  throttle: "first",
  write: (to, request) => {
    to.string(request.groupId)
    to.int32(request.generation)
    to.string(request.memberId)
    to.nullableString(null) // group instance id
    to.array(request.assignments, ({ assignment, memberId }) => {
      to.string(memberId)
      to.byteArray(assignment)
    })
  },
  read: (from) => {
    from.int32() // throttle time
    return { error: errorName(from.int16()), assignment: from.byteArray() }
  }
}
