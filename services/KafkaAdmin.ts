/** What is asked and told of topics, rights and disks, apart from what is in the logs. */
import type { AclOperation } from "../src/codec/kafka/AclOperations.ts"

export interface NewTopic {
  readonly topic: string
  readonly partitions: number
  /** -1: the broker's default. */
  readonly replicationFactor: number
  readonly configs: Readonly<Record<string, string>>
}

export interface TopicChange {
  readonly topic: string
  /** `null` takes the topic's own value away, so that the broker's default holds. */
  readonly configs: Readonly<Record<string, string | null>>
}

/** What whoever asks may do; all of it where nothing is forbidden to anybody. */
export interface Rights {
  /** `undefined`: not told. */
  readonly cluster: ReadonlySet<AclOperation> | undefined
  /** By name, of topics that do not exist too; one of which nothing is told is missing. */
  readonly topics: ReadonlyMap<string, ReadonlySet<AclOperation>>
  /** By id; one that no coordinator told of is missing. */
  readonly groups: ReadonlyMap<string, ReadonlySet<AclOperation>>
}

export interface BrokerDisk {
  readonly broker: number
  /** On all volumes of the broker. */
  readonly usableBytes: number
  /** By topic: what the broker's replicas of the partitions asked about take. */
  readonly topicBytes: ReadonlyMap<string, number>
}
