/** Heartbeat v3 and LeaveGroup v3: staying in a group and leaving it. */
import type { Api } from "./Api.ts"
import type { KafkaErrorName } from "./ErrorCodes.ts"
import { errorName } from "./ErrorCodes.ts"

export interface HeartbeatRequest {
  readonly groupId: string
  readonly generation: number
  readonly memberId: string
}

type Failed = { readonly error: KafkaErrorName | undefined }

/** https://kafka.apache.org/protocol#The_Messages_Heartbeat */
export const heartbeat: Api<HeartbeatRequest, Failed> = {
  key: 12,
  name: "Heartbeat",
  version: 3,
  flexible: false,
  throttle: "first",
  write: (to, { generation, groupId, memberId }) => {
    to.string(groupId)
    to.int32(generation)
    to.string(memberId)
    to.nullableString(null) // group instance id
  },
  read: (from) => {
    from.int32() // throttle time
    return { error: errorName(from.int16()) }
  }
}

export interface LeaveGroupRequest {
  readonly groupId: string
  readonly memberId: string
}

/** https://kafka.apache.org/protocol#The_Messages_LeaveGroup; one member of the batch (KIP-345). */
export const leaveGroup: Api<LeaveGroupRequest, Failed> = {
  key: 13,
  name: "LeaveGroup",
  version: 3,
  flexible: false,
  throttle: "first",
  write: (to, { groupId, memberId }) => {
    to.string(groupId)
    to.int32(1)
    to.string(memberId)
    to.nullableString(null) // group instance id
  },
  read: (from) => {
    from.int32() // throttle time
    const error = errorName(from.int16())
    const members = from.array(() => {
      from.string() // member id
      from.nullableString() // group instance id
      return errorName(from.int16())
    })
    return { error: error ?? members[0] }
  }
}
