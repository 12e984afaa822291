/** FindCoordinator v2: which broker answers for a group or a transactional id. */
import type { Api } from "./Api.ts"
import type { KafkaErrorName } from "./ErrorCodes.ts"
import { errorName } from "./ErrorCodes.ts"

export interface FindCoordinatorRequest {
  readonly kind: "group" | "transaction"
  readonly key: string
}

export interface FoundCoordinator {
  readonly error: KafkaErrorName | undefined
  readonly detail: string
  readonly nodeId: number
  readonly host: string
  readonly port: number
}

/** https://kafka.apache.org/protocol#The_Messages_FindCoordinator */
export const findCoordinator: Api<FindCoordinatorRequest, FoundCoordinator> = {
  key: 10,
  name: "FindCoordinator",
  version: 2,
  flexible: false,
  throttle: "first",
  write: (to, { key, kind }) => {
    to.string(key)
    to.int8(kind === "group" ? 0 : 1)
  },
  read: (from) => {
    from.int32() // throttle time
    return {
      error: errorName(from.int16()),
      detail: from.nullableString() ?? "",
      nodeId: from.int32(),
      host: from.string(),
      port: from.int32()
    }
  }
}
