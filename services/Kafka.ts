/**
 * A Kafka cluster as this program needs it: requests in, per-partition answers out. Nothing here
 * decides anything; membership, resuming and retrying belong to the streams. `KafkaLayer.ts`
 * implements it on kafkajs's connections with our own request bytes.
 */
import type { Effect, Scope } from "effect"
import { Context, Schema } from "effect"
import type { KafkaErrorName } from "../src/codec/kafka/ErrorCodes.ts"
import { isRetriable } from "../src/codec/kafka/ErrorCodes.ts"
import type { TopicPartition } from "../src/domain/TopicPartition.ts"
import type { FetchSession, FetchSessionSettings } from "./FetchSession.ts"
import type { BrokerDisk, NewTopic, Rights, TopicChange } from "./KafkaAdmin.ts"

export class KafkaError extends Schema.TaggedError<KafkaError>()("KafkaError", {
  /** Kafka's own name for the error, or one of the client-side names of `ErrorCodes.ts`. */
  reason: Schema.String as Schema.Schema<KafkaErrorName>,
  operation: Schema.String,
  /** Broker, topic-partition or group concerned; empty when the cluster as a whole is. */
  subject: Schema.String,
  cause: Schema.Defect
}) {
  override get message(): string {
    const detail = this.cause instanceof Error ? this.cause.message : String(this.cause ?? "")
    const subject = this.subject === "" ? "" : ` ${this.subject}`
    return `${this.operation}${subject}: ${this.reason}${detail === "" ? "" : ` (${detail})`}`
  }
  /** The same request can succeed later, perhaps after a metadata refresh. */
  get retriable(): boolean {
    return isRetriable(this.reason)
  }
}

export interface Broker {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

export interface PartitionMetadata {
  readonly partition: number
  /** Node id, -1 while there is none. */
  readonly leader: number
  readonly leaderEpoch: number
  readonly replicas: ReadonlyArray<number>
  readonly error: KafkaErrorName | undefined
}

export interface TopicMetadata {
  readonly topic: string
  /** 22 characters of base64url, as `kafka-topics.sh --describe` prints it. */
  readonly topicId: string
  readonly internal: boolean
  readonly error: KafkaErrorName | undefined
  /** In partition order. */
  readonly partitions: ReadonlyArray<PartitionMetadata>
}

export interface ClusterMetadata {
  readonly clusterId: string
  readonly controllerId: number
  readonly brokers: ReadonlyArray<Broker>
  readonly topics: ReadonlyArray<TopicMetadata>
}

export interface FetchPartition extends TopicPartition {
  readonly offset: bigint
  /** Bytes; the first batch comes whole whatever its size. */
  readonly maxBytes: number
  /** -1: unknown. */
  readonly leaderEpoch: number
}

export interface FetchRequest {
  /** Node id of the leader of all partitions asked for. */
  readonly broker: number
  readonly partitions: ReadonlyArray<FetchPartition>
  readonly maxWaitMs: number
  readonly minBytes: number
  readonly maxBytes: number
  readonly isolation: "read_committed" | "read_uncommitted"
}

export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: bigint
}

export interface FetchedPartition extends TopicPartition {
  readonly error: KafkaErrorName | undefined
  readonly highWatermark: bigint
  readonly lastStableOffset: bigint
  readonly logStartOffset: bigint
  /** In the broker's order, which is not offset order. */
  readonly aborted: ReadonlyArray<AbortedTransaction>
  /** Raw record batches; the last may be cut short. A view of the response: copy what stays. */
  readonly records: Buffer
}

export interface FetchResponse {
  readonly throttleMs: number
  readonly partitions: ReadonlyArray<FetchedPartition>
  /**
   * Gives back the memory of all records: they are empty from then on. For those who fetch much,
   * when they have copied what stays; everybody else leaves it to the garbage collector.
   */
  readonly free: () => void
}

export interface PartitionOffset extends TopicPartition {
  readonly offset: bigint
  readonly leaderEpoch: number
  readonly error: KafkaErrorName | undefined
}

export interface EpochQuestion extends TopicPartition {
  /** The leader epoch asked about. */
  readonly leaderEpoch: number
  /** Fenced unless it is the leader's present epoch; -1: unknown, and not checked. */
  readonly currentLeaderEpoch: number
}

export interface EpochEnd extends TopicPartition {
  /** The epoch asked about, or the largest before it that the log has; -1: the leader cannot tell. */
  readonly leaderEpoch: number
  /** The offset after the last record of that epoch; -1 as above. */
  readonly endOffset: bigint
  readonly error: KafkaErrorName | undefined
}

export interface ProduceRequest extends TopicPartition {
  /** Node id of the partition's leader. */
  readonly broker: number
  /** One whole RecordBatch v2. Nobody reads it any more after the answer. */
  readonly batch: Buffer
  readonly timeoutMs: number
}

export interface ProduceAck {
  readonly baseOffset: bigint
  /** Milliseconds since the epoch when the broker replaced the timestamps, else -1. */
  readonly logAppendTimeMs: bigint
  readonly logStartOffset: bigint
  readonly throttleMs: number
}

export interface ProducerIdentity {
  readonly producerId: bigint
  readonly epoch: number
}

export interface GroupProtocol {
  readonly name: string
  readonly metadata: Buffer
}

export interface JoinRequest {
  readonly groupId: string
  /** Empty on the first join. */
  readonly memberId: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly protocolType: string
  readonly protocols: ReadonlyArray<GroupProtocol>
}

export interface JoinResponse {
  readonly generation: number
  readonly protocol: string
  readonly leaderId: string
  readonly memberId: string
  /** Empty for all but the leader. */
  readonly members: ReadonlyArray<{ readonly memberId: string; readonly metadata: Buffer }>
}

export interface GroupMemberRef {
  readonly groupId: string
  readonly generation: number
  readonly memberId: string
}

export interface OffsetToCommit extends TopicPartition {
  readonly offset: bigint
  /** -1: unknown. */
  readonly leaderEpoch: number
  readonly metadata: string | null
}

export interface CommittedOffset extends TopicPartition {
  /** -1: nothing committed. */
  readonly offset: bigint
  readonly leaderEpoch: number
  readonly metadata: string | null
  readonly error: KafkaErrorName | undefined
}

export interface ListedGroup {
  readonly groupId: string
  /** `consumer`, `connect`, `share`, `streams`, …; empty for a group that only commits. */
  readonly protocolType: string
  /** Kafka's name: `Empty`, `Stable`, `PreparingRebalance`, …; only `Empty` and `Dead` are without members. */
  readonly state: string
}

export interface ListedGroups {
  /** Each once, in name order. */
  readonly groups: ReadonlyArray<ListedGroup>
  /** Brokers that did not answer: groups that they coordinate are missing. */
  readonly unanswered: ReadonlyArray<{ readonly broker: number; readonly error: KafkaError }>
}

type Answer<A> = Effect.Effect<A, KafkaError>

export class Kafka extends Context.Tag("kafka-data-keep/Kafka")<Kafka, {
  /** Fresh from a broker, never cached. `undefined`: all topics. Never creates a topic. */
  readonly metadata: (topics: ReadonlyArray<string> | undefined) => Answer<ClusterMetadata>
  /** One request on the broker's fetch connection; answers come in the order of the requests. */
  readonly fetch: (request: FetchRequest) => Answer<FetchResponse>
  /** For those who ask one broker for the same partitions again and again, until the scope ends. */
  readonly fetchSession: (
    settings: FetchSessionSettings
  ) => Effect.Effect<FetchSession, never, Scope.Scope>
  /** `stable`: the last stable offset; `latest`: the high watermark. Asks each leader once. */
  readonly listOffsets: (
    partitions: ReadonlyArray<TopicPartition>,
    at: "earliest" | "latest" | "stable"
  ) => Answer<ReadonlyArray<PartitionOffset>>
  /**
   * Where leader epochs end in the leader's log (KIP-101), one answer per partition. A record that
   * somebody has read in that epoch is still in the log if it lies before that end. Asks each
   * leader once.
   */
  readonly endOfEpoch: (
    partitions: ReadonlyArray<EpochQuestion>
  ) => Answer<ReadonlyArray<EpochEnd>>
  /**
   * acks=all. Requests go onto the wire in the order in which their effects were started. A
   * partition error is a failure with its name; DUPLICATE_SEQUENCE_NUMBER is an answer, not a
   * failure: the batch is in the log already.
   */
  readonly produce: (request: ProduceRequest) => Answer<ProduceAck>
  /** An idempotent producer's identity without a transactional id. */
  readonly initProducerId: Answer<ProducerIdentity>
  /**
   * Takes over: InitProducerId with the transactional id, AddPartitionsToTxn, EndTxn(abort). From
   * then on every earlier holder of the id is refused by these partitions.
   */
  readonly fence: (
    transactionalId: string,
    partitions: ReadonlyArray<TopicPartition>
  ) => Answer<ProducerIdentity>
  /** Joins, with the member id that the coordinator hands out (KIP-394), in one call. */
  readonly joinGroup: (request: JoinRequest) => Answer<JoinResponse>
  readonly syncGroup: (
    member: GroupMemberRef,
    assignments: ReadonlyArray<{ readonly memberId: string; readonly assignment: Buffer }>
  ) => Answer<Buffer>
  readonly heartbeat: (member: GroupMemberRef) => Answer<void>
  readonly leaveGroup: (groupId: string, memberId: string) => Answer<void>
  /** One answer per partition; generation -1 and an empty member id commit for an empty group. */
  readonly commitOffsets: (
    member: GroupMemberRef,
    offsets: ReadonlyArray<OffsetToCommit>
  ) => Answer<ReadonlyArray<TopicPartition & { readonly error: KafkaErrorName | undefined }>>
  /** `undefined`: every partition with a committed offset. */
  readonly fetchOffsets: (
    groupId: string,
    partitions: ReadonlyArray<TopicPartition> | undefined
  ) => Answer<ReadonlyArray<CommittedOffset>>
  /** All groups of all kinds, asked of every broker at once; fails when no broker answers. */
  readonly listGroups: Answer<ListedGroups>
  readonly createTopics: (topics: ReadonlyArray<NewTopic>) => Answer<void>
  readonly deleteTopics: (topics: ReadonlyArray<string>) => Answer<void>
  readonly createPartitions: (topic: string, total: number) => Answer<void>
  /** Effective topic configs by name. An unknown topic is missing from the answer. */
  readonly topicConfigs: (
    topics: ReadonlyArray<string>,
    names: ReadonlyArray<string>
  ) => Answer<ReadonlyMap<string, Readonly<Record<string, string>>>>
  /**
   * Configs that topics have of their own, not the brokers' defaults; `undefined` where this user
   * may not read them. An unknown topic is missing from the answer. Asks for some hundred at once.
   */
  readonly topicOverrides: (
    topics: ReadonlyArray<string>
  ) => Answer<ReadonlyMap<string, Readonly<Record<string, string>> | undefined>>
  /** Changes the configs that are named, and leaves the others as they are. */
  readonly alterTopicConfigs: (topics: ReadonlyArray<TopicChange>) => Answer<void>
  /** One request for all topics, and for some hundred groups one to each broker. */
  readonly rights: (
    topics: ReadonlyArray<string>,
    groups: ReadonlyArray<string>
  ) => Answer<Rights>
  /** UNSUPPORTED_VERSION before Kafka 3.3; needs the right to describe the cluster. */
  readonly disks: (
    partitions: ReadonlyArray<TopicPartition>
  ) => Answer<ReadonlyArray<BrokerDisk>>
}>() {}
