/** The fetch sessions that the brokers of the cluster in memory keep (KIP-227). */
import type { FetchedPartition } from "../../../services/Kafka.ts"
import type { FetchRequestPartition } from "../../../src/codec/kafka/Fetch.ts"
import type { TopicPartition } from "../../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../../src/domain/TopicPartition.ts"

interface Cached {
  wanted: FetchRequestPartition
  /** As last told; -1 after an error, so that the partition is told of when that is over. */
  highWatermark: bigint
  logStart: bigint
}

class MemorySession {
  readonly broker: number
  /** Those that had records come last. */
  readonly #cached = new Map<string, Cached>()
  /** Of the next request. */
  epoch = 1

  constructor(broker: number) {
    this.broker = broker
  }

  get wanted(): ReadonlyArray<FetchRequestPartition> {
    return Array.from(this.#cached.values(), ({ wanted }) => wanted)
  }

  get size(): number {
    return this.#cached.size
  }

  /** In a broker's order: what is asked for and forgotten in one request is forgotten. */
  update(
    partitions: ReadonlyArray<FetchRequestPartition>,
    forgotten: ReadonlyArray<TopicPartition>
  ): void {
    this.epoch++
    for (const wanted of partitions) {
      const name = topicPartitionName(wanted)
      const cached = this.#cached.get(name)
      if (cached !== undefined) cached.wanted = wanted
      else this.#cached.set(name, { wanted, highWatermark: -1n, logStart: -1n })
    }
    for (const source of forgotten) this.#cached.delete(topicPartitionName(source))
  }

  /** Those with something new, which count as told from now on. */
  tell(found: ReadonlyArray<FetchedPartition>): ReadonlyArray<FetchedPartition> {
    return found.filter((one) => {
      const name = topicPartitionName(one)
      const cached = this.#cached.get(name)
      if (cached === undefined) return false
      const { error, highWatermark, logStartOffset, records } = one
      const isNew = error !== undefined || records.length > 0
        || cached.highWatermark !== highWatermark || cached.logStart !== logStartOffset
      cached.highWatermark = error === undefined ? highWatermark : -1n
      cached.logStart = logStartOffset
      if (records.length > 0) {
        this.#cached.delete(name)
        this.#cached.set(name, cached)
      }
      return isNew
    })
  }
}

export class MemorySessions {
  readonly #sessions = new Map<number, MemorySession>()
  #last = 0
  /** How many a broker keeps; a full cache refuses (max.incremental.fetch.session.cache.slots). */
  slots = 1000

  get all(): ReadonlyArray<MemorySession> {
    return [...this.#sessions.values()]
  }

  find(broker: number, id: number): MemorySession | undefined {
    const session = this.#sessions.get(id)
    return session?.broker === broker ? session : undefined
  }

  /** Its id; 0: there is no room for another. */
  begin(
    broker: number,
    partitions: ReadonlyArray<FetchRequestPartition>,
    told: ReadonlyArray<FetchedPartition>
  ): number {
    if (this.all.filter((each) => each.broker === broker).length >= this.slots) return 0
    const session = new MemorySession(broker)
    session.update(partitions, [])
    session.tell(told)
    session.epoch = 1
    this.#sessions.set(++this.#last, session)
    return this.#last
  }

  end(id: number): void {
    this.#sessions.delete(id)
  }

  /** As a broker does that is started again, or has no room for old ones. */
  endAll(): void {
    this.#sessions.clear()
  }
}
