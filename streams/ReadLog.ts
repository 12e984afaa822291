/** Committed records out of a partition's log, as objects: for plan topics and log tails. */
import { Effect, Metric, Schedule } from "effect"
import type { FetchRequest, FetchResponse } from "../services/Kafka.ts"
import { Kafka, KafkaError } from "../services/Kafka.ts"
import { kafkaThrottleSeconds } from "../services/Metrics.ts"
import type { CodecError } from "../src/codec/CodecError.ts"
import { readFetched } from "../src/codec/FetchedBatches.ts"
import type { KafkaErrorName } from "../src/codec/kafka/ErrorCodes.ts"
import type { ReadRecord } from "../src/codec/PlainRecords.ts"
import { readPlainRecords } from "../src/codec/PlainRecords.ts"
import { nextFetchOffset } from "../src/codec/RecordBatch.ts"
import type { TopicPartition } from "../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../src/domain/TopicPartition.ts"
import { decoding } from "./Decoding.ts"
import type { Leaders } from "./Leaders.ts"

export interface LogPage {
  /** Data records from the offset asked for on; control and aborted ones are left out. */
  readonly records: ReadonlyArray<ReadRecord>
  /** Where the next page begins; the offset asked for when there is nothing to read. */
  readonly next: bigint
}

/** Bytes of one page; a batch always comes whole. */
const pageBytes = 1024 * 1024

/** Over its quota, a client gets an answer without any partition (KIP-219), as often as it takes. */
const fetchWithinQuota = (
  kafka: Kafka["Type"],
  request: FetchRequest
): Effect.Effect<FetchResponse, KafkaError> =>
  Effect.flatMap(kafka.fetch(request), (response) => {
    const { partitions, throttleMs } = response
    if (throttleMs <= 0) return Effect.succeed(response)
    return Metric.incrementBy(kafkaThrottleSeconds("fetch"), throttleMs / 1000).pipe(
      Effect.zipRight(
        partitions.length > 0
          ? Effect.succeed(response)
          : Effect.delay(fetchWithinQuota(kafka, request), throttleMs)
      )
    )
  })

/**
 * One fetch from `from` on: an empty page says that there is nothing yet. Answered at once, or when
 * the client's quota allows.
 */
export const readLog = (
  leaders: Leaders,
  source: TopicPartition,
  from: bigint
): Effect.Effect<LogPage, KafkaError | CodecError, Kafka> =>
  Effect.gen(function*() {
    const kafka = yield* Kafka
    const response = yield* fetchWithinQuota(kafka, {
      broker: yield* leaders.of(source),
      partitions: [{ ...source, offset: from, maxBytes: pageBytes, leaderEpoch: -1 }],
      // A long poll would hold up every other request of this connection.
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: pageBytes,
      isolation: "read_committed"
    })
    const fetched = response.partitions[0]
    const reason = fetched === undefined ? "MALFORMED_RESPONSE" : fetched.error
    if (fetched === undefined || reason !== undefined) {
      return yield* new KafkaError({
        operation: `fetch from offset ${from} of`,
        subject: topicPartitionName(source),
        reason: reason ?? "MALFORMED_RESPONSE",
        cause: ""
      })
    }
    const outcomes = yield* readFetched(fetched, from)
    const records = yield* decoding(topicPartitionName(source), () =>
      outcomes.flatMap((outcome) =>
        outcome.kind === "data" ? readPlainRecords(outcome) : []
      )
        .filter((record) => record.offset >= from))
    const next = nextFetchOffset(fetched.records, source)
    return { records, next: next !== undefined && next > from ? next : from }
  }).pipe(
    Effect.tapErrorTag("KafkaError", () => Effect.sync(() => leaders.forget(source.topic)))
  )

/** Between two tries of what can succeed later. */
export const backoff = Schedule.exponential("100 millis", 1.7).pipe(
  Schedule.union(Schedule.spaced("3 seconds")),
  Schedule.jittered
)

/** Repeats what can succeed later, for as long as the limit says; `but` is not waited out. */
export const patiently =
  (limit: "5 seconds" | "30 seconds", but?: KafkaErrorName) =>
  <A, R>(effect: Effect.Effect<A, KafkaError, R>): Effect.Effect<A, KafkaError, R> =>
    Effect.retry(effect, {
      schedule: Schedule.intersect(backoff, Schedule.upTo(Schedule.forever, limit)),
      while: (error) => error.retriable && error.reason !== but
    })

export const readLogPatiently = (leaders: Leaders, source: TopicPartition, from: bigint) =>
  Effect.retry(readLog(leaders, source, from), {
    schedule: Schedule.intersect(backoff, Schedule.upTo(Schedule.forever, "30 seconds")),
    while: (error) => error._tag === "KafkaError" && error.retriable
  })
