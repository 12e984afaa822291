/** DescribeGroups: v1 for whether a broker answers for a group, v3 for what is allowed with it. */
import type { AclOperation } from "./AclOperations.ts"
import { operationsIn } from "./AclOperations.ts"
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

const readGroup = (from: WireReader): DescribedGroup => {
  const error = errorName(from.int16())
  const groupId = from.string()
  from.string() // state
  from.string() // protocol type
  from.string() // protocol
  from.array(() => skipMember(from))
  return { groupId, error }
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
    return from.array(() => readGroup(from))
  }
}

export interface GroupRights extends DescribedGroup {
  /** `undefined`: not told. */
  readonly operations: ReadonlySet<AclOperation> | undefined
}

/** The same with the rights of who asks (KIP-430), told by the coordinator alone. */
export const groupRights: Api<ReadonlyArray<string>, ReadonlyArray<GroupRights>> = {
  ...describeGroups,
  version: 3,
  write: (to, groups) => {
    to.array(groups, (groupId) => to.string(groupId))
    to.boolean(true)
  },
  read: (from) => {
    from.int32() // throttle time
    return from.array(() => ({ ...readGroup(from), operations: operationsIn(from.int32()) }))
  }
}
