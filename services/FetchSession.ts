/** Asking one broker for the same partitions again and again, as `Kafka.fetchSession` does it. */
import type { Effect } from "effect"
import type { TopicPartition } from "../src/domain/TopicPartition.ts"
import type { FetchRequest, FetchResponse, KafkaError } from "./Kafka.ts"

/** A partition as a fetch session is asked for it; looked at when the request is made, not later. */
export interface WantedPartition extends TopicPartition {
  readonly fetchOffset: bigint
  /** -1: unknown. */
  readonly leaderEpoch: number
}

/** What all requests of a fetch session have in common. */
export interface FetchSessionSettings extends Omit<FetchRequest, "partitions"> {
  /** Bytes of each partition; the first batch comes whole whatever its size. */
  readonly partitionBytes: number
}

/** Requests to one broker of which each tells only what has changed since the last (KIP-227). */
export interface FetchSession {
  /**
   * One at a time, on the broker's fetch connection; `partitions`: all that are wanted, each once.
   * The answer leaves out those of the last request about which nothing is new: no records, no
   * error, high watermark and log start as told before. It can hold them all the same, also
   * without records. A partition that was not in the last request is always told of. Data that
   * did not fit comes with the next answers, the partitions taking turns. When the broker has
   * given up the session or keeps none, the same request goes on without it, unnoticed; after a
   * failure or an interruption every partition counts as new.
   */
  readonly fetch: (
    partitions: ReadonlyArray<WantedPartition>
  ) => Effect.Effect<FetchResponse, KafkaError>
  /** The broker may leave it out of the next answer: it was in the last request. */
  readonly follows: (source: TopicPartition) => boolean
  /** Every partition counts as new with the next request. */
  readonly forget: () => void
}
