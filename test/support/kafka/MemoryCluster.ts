/** The state that all clients of the cluster in memory share. */
import type { Scope } from "effect"
import type { Broker } from "../../../services/Kafka.ts"
import type { AclOperation } from "../../../src/codec/kafka/AclOperations.ts"
import type { TopicPartition } from "../../../src/domain/TopicPartition.ts"
import { MemoryGroup } from "./MemoryGroup.ts"
import type { StoredBatch } from "./MemoryLog.ts"
import { MemorySessions } from "./MemorySessions.ts"
import { MemoryTopics } from "./MemoryTopics.ts"
import { Signal } from "./Signal.ts"

interface Transactions {
  readonly producerId: bigint
  epoch: number
}

export class MemoryCluster {
  clusterId = "memory-cluster-0000001"
  readonly brokers: ReadonlyArray<Broker>
  readonly topics: MemoryTopics
  readonly changes = new Signal()
  readonly sessions = new MemorySessions()
  /** Node ids of brokers that do not answer for the groups that they coordinate. */
  readonly brokersAway = new Set<number>()
  readonly transactions = new Map<string, Transactions>()
  /** What nobody may do, by topic, `group NAME` or `cluster`. */
  readonly forbidden = new Map<string, ReadonlyArray<AclOperation>>()
  /** Bytes that are free on the disk of each broker. */
  usableBytes = 1e12
  readonly #groups = new Map<string, MemoryGroup>()
  readonly #scope: Scope.Scope
  #producers = 0

  constructor(brokers: number, scope: Scope.Scope) {
    this.topics = new MemoryTopics(brokers)
    this.brokers = Array.from({ length: brokers }, (_, index) => (
      { nodeId: index + 1, host: "memory", port: 9092 + index, rack: null }
    ))
    this.#scope = scope
  }

  newProducerId(): bigint {
    return BigInt(1000 + ++this.#producers)
  }

  group(groupId: string): MemoryGroup {
    const group = this.#groups.get(groupId) ?? new MemoryGroup(groupId, this.#scope)
    this.#groups.set(groupId, group)
    return group
  }

  /** Those that exist, in no order. */
  get groups(): ReadonlyArray<MemoryGroup> {
    return [...this.#groups.values()].filter(({ exists }) => exists)
  }

  /** Node id of the broker that coordinates the group: groups are spread by a hash of their id. */
  coordinatorOf(groupId: string): number {
    let hash = 0
    for (const byte of Buffer.from(groupId)) hash = (hash * 31 + byte) % 1_000_003
    return this.brokers[hash % this.brokers.length]?.nodeId ?? -1
  }

  /** Writes as a broker does that trusts the batch: at the end of the log, waking the fetches. */
  append(source: TopicPartition, batch: Uint8Array): StoredBatch {
    const stored = this.topics.log(source).append(batch)
    this.changes.notify()
    return stored
  }
}
