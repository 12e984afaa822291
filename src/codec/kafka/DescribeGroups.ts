/** DescribeGroups v1, for what it says of coordinators: whether this broker answers for a group. */
import type { Api } from "./Api.ts"
import type { KafkaErrorName } from "./ErrorCodes.ts"
import { errorName } from "./ErrorCodes.ts"
import type { WireReader } from "./WireReader.ts"

export interface DescribedGroup {
  readonly groupId: string
  /** None for a group that does not exist. */
  readonly error: KafkaErrorName | undefined
}

const skipMember = (from: WireReader): void => {
  from.string() // member id
  from.string() // client id
  from.string() // client host
  from.byteArray() // metadata
  from.byteArray() // assignment
}

/** By group id. https://kafka.apache.org/protocol#The_Messages_DescribeGroups */
export const describeGroups: Api<ReadonlyArray<string>, ReadonlyArray<DescribedGroup>> = {
  key: 15,
  name: "DescribeGroups",
  version: 1,
  flexible: false,
  throttle: "first",
  write: (to, groups) => to.array(groups, (groupId) => to.string(groupId)),
  read: (from) => {
    from.int32() // throttle time
    return from.array(() => {
      const error = errorName(from.int16())
      const groupId = from.string()
      from.string() // state
      from.string() // protocol type
      from.string() // protocol
      from.array(() => skipMember(from))
      return { groupId, error }
    })
  }
}
