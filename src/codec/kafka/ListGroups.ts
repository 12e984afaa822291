/** ListGroups v4: the groups that one broker coordinates, with their states (KIP-518). */
import type { Api } from "./Api.ts"
import type { KafkaErrorName } from "./ErrorCodes.ts"
import { errorName } from "./ErrorCodes.ts"
import type { WireReader } from "./WireReader.ts"

export interface GroupListing {
  readonly groupId: string
  /** Empty for a group that never had a member. */
  readonly protocolType: string
  readonly state: string
}

export interface ListGroupsResponse {
  readonly error: KafkaErrorName | undefined
  readonly groups: ReadonlyArray<GroupListing>
}

const readGroup = (from: WireReader): GroupListing => {
  const group = {
    groupId: from.compactString(),
    protocolType: from.compactString(),
    state: from.compactString()
  }
  from.skipTags()
  return group
}

/** Groups of all kinds in all states. https://kafka.apache.org/protocol#The_Messages_ListGroups */
export const listGroups: Api<void, ListGroupsResponse> = {
  key: 16,
  name: "ListGroups",
  version: 4,
  flexible: true,
  throttle: "first",
  write: (to) => {
    to.compactArray([], () => {}) // no filter of states
    to.noTags()
  },
  read: (from) => {
    from.int32() // throttle time
    const error = errorName(from.int16())
    const groups = from.compactArray(() => readGroup(from))
    from.skipTags()
    return { error, groups }
  }
}
