/** One batch into one partition: the same bytes again until the broker has them or says no. */
import { Clock, Effect, Metric } from "effect"
import type { ProduceAck, ProduceRequest } from "../services/Kafka.ts"
import { Kafka, KafkaError } from "../services/Kafka.ts"
import { kafkaThrottleSeconds } from "../services/Metrics.ts"
import type { TopicPartition } from "../src/domain/TopicPartition.ts"
import type { Leaders } from "./Leaders.ts"

/** How long a batch is tried, as Java's `delivery.timeout.ms`. Milliseconds. */
export const deliveryTimeoutMs = 120_000

/** How long a broker may wait for its replicas, as Java's `request.timeout.ms`. Milliseconds. */
export const requestTimeoutMs = 30_000

/** Produces, and counts for how long the broker has throttled that. */
export const produceOnce = (
  kafka: Kafka["Type"],
  request: ProduceRequest
): Effect.Effect<ProduceAck, KafkaError> =>
  Effect.tap(
    kafka.produce(request),
    ({ throttleMs }) =>
      throttleMs > 0
        ? Metric.incrementBy(kafkaThrottleSeconds("produce"), throttleMs / 1000)
        : Effect.void
  )

/** Sends once; on an error the leader is asked for anew before the next try. */
export const sendBatch = (
  leaders: Leaders,
  target: TopicPartition,
  batch: Buffer
): Effect.Effect<ProduceAck, KafkaError, Kafka> =>
  Effect.flatMap(
    Kafka,
    (kafka) =>
      Effect.flatMap(leaders.of(target), (broker) =>
        produceOnce(kafka, {
          topic: target.topic,
          partition: target.partition,
          broker,
          batch,
          timeoutMs: requestTimeoutMs
        }))
  ).pipe(
    Effect.tapError((error) =>
      Effect.sync(() => {
        if (error.retriable) leaders.forget(target.topic)
      })
    )
  )

const longestPauseMs = 1000

/**
 * Sends until it is acknowledged, refused for good, or `until` (milliseconds since the epoch) has
 * passed; then the last error counts. Only an idempotent batch is safe to send more than once.
 */
export const deliverBatch = (
  leaders: Leaders,
  target: TopicPartition,
  batch: Buffer,
  until: number,
  pauseMs = 50
): Effect.Effect<ProduceAck, KafkaError, Kafka> =>
  Effect.catchAll(
    sendBatch(leaders, target, batch),
    (error) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        !error.retriable || now + pauseMs > until
          ? Effect.fail(error)
          : Effect.zipRight(
            Effect.sleep(pauseMs),
            deliverBatch(leaders, target, batch, until, Math.min(2 * pauseMs, longestPauseMs))
          ))
  )

const refused = new Set(["CLUSTER_AUTHORIZATION_FAILED", "TRANSACTIONAL_ID_AUTHORIZATION_FAILED"])

/** This user has no right to what was asked, but may go on without it. */
export const notAuthorized = (error: KafkaError): boolean => refused.has(error.reason)
