/** Committed records out of a partition's log; as objects for plan topics and log tails. */
import { Effect, Metric, Option, Schedule, Stream } from "effect"
import type { FetchRequest, FetchResponse } from "../services/Kafka.ts"
import { Kafka, KafkaError } from "../services/Kafka.ts"
import { kafkaThrottleSeconds } from "../services/Metrics.ts"
import type { CodecError } from "../src/codec/CodecError.ts"
import type { DataBatch } from "../src/codec/FetchedBatches.ts"
import { freeBatches, readFetched } from "../src/codec/FetchedBatches.ts"
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

/** The same with the records as they lie in their batches. */
export interface BatchPage {
  /** They may reach below the offset asked for. */
  readonly batches: ReadonlyArray<DataBatch>
  readonly next: bigint
  /** Gives back the memory of the batches, which must not be read any more. */
  readonly free: () => void
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
const readBatches = (
  leaders: Leaders,
  source: TopicPartition,
  from: bigint
): Effect.Effect<BatchPage, KafkaError | CodecError, Kafka> =>
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
    const batches = outcomes.flatMap((outcome) => outcome.kind === "data" ? [outcome] : [])
    const next = nextFetchOffset(fetched.records, source)
    return {
      batches,
      next: next !== undefined && next > from ? next : from,
      free: () => {
        freeBatches(batches)
        response.free()
      }
    }
  }).pipe(
    Effect.tapErrorTag("KafkaError", () => Effect.sync(() => leaders.forget(source.topic)))
  )

/** The same as objects. */
export const readLog = (
  leaders: Leaders,
  source: TopicPartition,
  from: bigint
): Effect.Effect<LogPage, KafkaError | CodecError, Kafka> =>
  Effect.flatMap(
    readBatches(leaders, source, from),
    ({ batches, next }) =>
      decoding(topicPartitionName(source), () => ({
        records: batches.flatMap(readPlainRecords).filter((record) => record.offset >= from),
        next
      }))
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

const patience = {
  schedule: Schedule.intersect(backoff, Schedule.upTo(Schedule.forever, "30 seconds")),
  while: (error: KafkaError | CodecError) => error._tag === "KafkaError" && error.retriable
}

export const readLogPatiently = (leaders: Leaders, source: TopicPartition, from: bigint) =>
  Effect.retry(readLog(leaders, source, from), patience)

export const readBatchesPatiently = (leaders: Leaders, source: TopicPartition, from: bigint) =>
  Effect.retry(readBatches(leaders, source, from), patience)

/** Between two looks at a log that has nothing new. */
const idle = "200 millis"

/** Pages from `from` up to `end`, waiting for those that are not there yet. */
export const pagesOf = <P extends { readonly next: bigint }, E, R>(
  read: (from: bigint) => Effect.Effect<P, E, R>,
  from: bigint,
  end: bigint
): Stream.Stream<P, E, R> => {
  const awaited = (position: bigint): Effect.Effect<P, E, R> =>
    Effect.flatMap(read(position), (page) =>
      page.next > position
        ? Effect.succeed(page)
        : Effect.zipRight(Effect.sleep(idle), awaited(position)))
  return Stream.unfoldEffect(from, (position) =>
    position >= end
      ? Effect.succeedNone
      : Effect.map(awaited(position), (page) => Option.some([page, page.next] as const)))
}
