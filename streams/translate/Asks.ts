/** Who waits for a page from one broker, and who of them goes into its next request. */
import type { Deferred, Either } from "effect"
import type { KafkaError } from "../../services/Kafka.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import type { Page } from "./Page.ts"

/** Damaged batches stay damaged: only a `KafkaError` is worth another try. */
export type Answer = Either.Either<Page, CodecError>

export interface Ask {
  readonly source: TopicPartition
  readonly from: bigint
  readonly answer: Deferred.Deferred<Answer, KafkaError>
  /** Bytes to ask for. */
  bytes: number
  /** To be asked in a request of its own, where a batch comes whole whatever its size. */
  alone: boolean
}

/** Partitions in one request at most. */
const mostPartitions = 500

/** Bytes that one response may have; a single batch can be larger. */
export const responseBytes = 16 << 20

const nameOf = ({ from, source }: Pick<Ask, "from" | "source">): string =>
  `${topicPartitionName(source)}@${from}`

export class Asks {
  #waiting = new Map<string, Ask>()

  get empty(): boolean {
    return this.#waiting.size === 0
  }

  all(): Iterable<Ask> {
    return this.#waiting.values()
  }

  /** Two that ask for the same get one answer: that of the ask returned. */
  add(ask: Ask): Ask {
    const name = nameOf(ask)
    const same = this.#waiting.get(name)
    if (same === undefined) {
      this.#waiting.set(name, ask)
      return ask
    }
    same.bytes = Math.max(same.bytes, ask.bytes)
    return same
  }

  /** Those that came back empty go first, in their order: the first is answered for sure. */
  again(asks: ReadonlyArray<Ask>): void {
    const after = this.#waiting
    this.#waiting = new Map(asks.map((ask) => [nameOf(ask), ask]))
    // The same asked again meanwhile keeps its own answer to wait for.
    for (const [name, ask] of after) this.#waiting.set(this.#free(name), ask)
  }

  #free(name: string): string {
    return this.#waiting.has(name) ? this.#free(`${name}'`) : name
  }

  /** The next request: each partition once, as many as fit, at least one when any waits. */
  take(): ReadonlyArray<Ask> {
    const taken = new Map<string, Ask>()
    let bytes = 0
    for (const [name, ask] of this.#waiting) {
      if (taken.size === mostPartitions || (taken.size > 0 && ask.alone)) continue
      const partition = topicPartitionName(ask.source)
      if (taken.has(partition) || (taken.size > 0 && bytes + ask.bytes > responseBytes)) continue
      taken.set(partition, ask)
      this.#waiting.delete(name)
      bytes += ask.bytes
      if (ask.alone) break
    }
    return [...taken.values()]
  }
}
