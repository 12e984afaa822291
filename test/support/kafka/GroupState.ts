/** What the coordinator keeps of a group: its members and where the classic protocol stands. */
import type { Deferred } from "effect"
import type { JoinRequest, JoinResponse, KafkaError } from "../../../services/Kafka.ts"

export interface Member {
  readonly memberId: string
  request: JoinRequest
  /** Milliseconds since the epoch of the last sign of life. */
  lastSeen: number
  assignment: Buffer
  /** There while the member waits for the answer to its JoinGroup or SyncGroup. */
  joining: Deferred.Deferred<JoinResponse, KafkaError> | undefined
  syncing: Deferred.Deferred<Buffer, KafkaError> | undefined
}

export type GroupPhase = "Empty" | "PreparingRebalance" | "CompletingRebalance" | "Stable"

export const sameProtocols = (a: JoinRequest, b: JoinRequest): boolean =>
  a.protocols.length === b.protocols.length &&
  a.protocols.every((one, index) => {
    const other = b.protocols[index]
    return other !== undefined && one.name === other.name && one.metadata.equals(other.metadata)
  })

export const metadataFor = (request: JoinRequest, protocol: string): Buffer =>
  request.protocols.find(({ name }) => name === protocol)?.metadata ?? Buffer.alloc(0)

/** The first protocol that all can speak, in the order of the first member's preference. */
export const commonProtocol = (requests: ReadonlyArray<JoinRequest>): string | undefined => {
  const types = new Set(requests.map(({ protocolType }) => protocolType))
  return types.size > 1 ?
    undefined :
    requests[0]?.protocols.find(({ name }) =>
      requests.every(({ protocols }) => protocols.some((other) => other.name === name))
    )?.name
}
