/** The topics of the cluster in memory. */
import type { KafkaErrorName } from "../../../src/codec/kafka/ErrorCodes.ts"
import type { TopicPartition } from "../../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../../src/domain/TopicPartition.ts"
import { MemoryLog } from "./MemoryLog.ts"

export interface MemoryTopic {
  readonly topic: string
  readonly topicId: string
  readonly internal: boolean
  readonly configs: Map<string, string>
  /** Those of the configs that are not defaults. */
  readonly overrides: Map<string, string>
  readonly logs: Array<MemoryLog>
  /** Told by metadata in place of the partitions. */
  error: KafkaErrorName | undefined
}

/** Defaults of Kafka 4, but timestamps are taken as they come. */
const defaults: Readonly<Record<string, string>> = {
  "cleanup.policy": "delete",
  "compression.type": "producer",
  "max.message.bytes": "1048588",
  "message.timestamp.after.max.ms": "9223372036854775807",
  "message.timestamp.before.max.ms": "9223372036854775807",
  "message.timestamp.type": "CreateTime",
  "retention.bytes": "-1",
  "retention.ms": "604800000"
}

export const defaultConfig = (name: string): string | undefined => defaults[name]

export class MemoryTopics {
  readonly #topics = new Map<string, MemoryTopic>()
  readonly #brokers: number
  #created = 0

  constructor(brokers: number) {
    this.#brokers = brokers
  }

  get all(): ReadonlyArray<MemoryTopic> {
    return [...this.#topics.values()]
  }

  find(topic: string): MemoryTopic | undefined {
    return this.#topics.get(topic)
  }

  findLog({ partition, topic }: TopicPartition): MemoryLog | undefined {
    return this.#topics.get(topic)?.logs[partition]
  }

  /** For tests, which know that it exists. */
  log(source: TopicPartition): MemoryLog {
    const log = this.findLog(source)
    if (log === undefined) throw new Error(`no partition ${topicPartitionName(source)}`)
    return log
  }

  /** A new topic, with a new id even if one of the name was there before. */
  create(
    topic: string,
    partitions: number,
    configs: Readonly<Record<string, string>> = {},
    internal = false
  ): MemoryTopic {
    const id = Buffer.alloc(16)
    id.writeInt32BE(++this.#created, 12)
    const created = {
      topic,
      topicId: id.toString("base64url"),
      internal,
      configs: new Map(Object.entries({ ...defaults, ...configs })),
      overrides: new Map(Object.entries(configs)),
      logs: [],
      error: undefined
    }
    this.#topics.set(topic, created)
    this.grow(topic, partitions)
    return created
  }

  grow(topic: string, total: number): void {
    const logs = this.#topics.get(topic)?.logs ?? []
    for (let partition = logs.length; partition < total; partition++) {
      logs.push(new MemoryLog({ topic, partition }, (partition % this.#brokers) + 1))
    }
  }

  remove(topic: string): boolean {
    return this.#topics.delete(topic)
  }
}
