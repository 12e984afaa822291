/** What a group member knows of itself, and the ways in which a round of membership can end. */
import { Data } from "effect"
import type { KafkaErrorName } from "../../src/codec/kafka/ErrorCodes.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"

export interface GroupOptions {
  readonly groupId: string
  /** Milliseconds without a sign of life after which the coordinator drops the member. */
  readonly sessionTimeoutMs: number
  /** Milliseconds that the coordinator waits for the members to rejoin. */
  readonly rebalanceTimeoutMs: number
  readonly heartbeatIntervalMs: number
  /** Milliseconds between two looks of the leader at the partition counts of the topics. */
  readonly metadataIntervalMs: number
}

/** By name, as `topicPartitionName` has it. */
export type Partitions = ReadonlyMap<string, TopicPartition>

export interface MemberState {
  /** Empty as long as the coordinator has given none. */
  readonly memberId: string
  /** In which `owned` was assigned; -1 outside the group. */
  readonly generation: number
  readonly owned: Partitions
  /** A join is under way, so the generation may be outdated any moment. */
  readonly rebalancing: boolean
  /** All that `generation` assigned is owned, and nothing is to be handed over. */
  readonly settled: boolean
}

export const outsider: MemberState = {
  memberId: "",
  generation: -1,
  owned: new Map(),
  rebalancing: false,
  settled: false
}

/** The coordinator has dropped the member, or is about to: what it owned gets a new owner. */
export class Evicted extends Data.TaggedError("Evicted")<{
  readonly reason: KafkaErrorName | "SESSION_EXPIRED" | "REBALANCE_TIMEOUT"
}> {}

/** The group is rebalancing; what is owned stays owned meanwhile. */
export class Rejoin extends Data.TaggedError("Rejoin")<{ readonly why: string }> {}

/** Those of `all` that are not among `others`. */
export const without = (all: Partitions, others: Partitions): Partitions =>
  new Map([...all].filter(([name]) => !others.has(name)))
