/**
 * Fetches from one broker, all partitions that it leads in one request, and sends the next request
 * before the answer to the last one is worked on.
 */
import { Clock, Effect, Fiber, Metric } from "effect"
import type {
  FetchedPartition,
  FetchRequest,
  FetchResponse,
  KafkaError
} from "../../services/Kafka.ts"
import { Kafka } from "../../services/Kafka.ts"
import { fetchedBytes, kafkaThrottleSeconds } from "../../services/Metrics.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import type { OwnedPartition, OwnedPartitions } from "./OwnedPartition.ts"
import { isCurrent } from "./OwnedPartition.ts"
import type { TakeIn } from "./TakeIn.ts"

/** Bytes of one response; two are in memory at a time. */
const responseBytes = 4 << 20
/** Bytes of one partition in a response. */
const partitionBytes = 1 << 20
/** Milliseconds that a broker may wait for the first byte. */
const maxWaitMs = 500
/** Partitions of a response worked on at the same time. */
const partitionsInParallel = 2

export interface FetchEnvironment {
  readonly owned: OwnedPartitions
  readonly takeIn: TakeIn
  /** Milliseconds to wait between two requests. */
  readonly delayMs: number
  /** False while nothing may be asked for, because there is no room for it. */
  readonly hasRoom: () => boolean
  /** Kafka answered, or did not. */
  readonly reached: (ok: boolean) => Effect.Effect<void>
}

interface Sent {
  readonly partitions: ReadonlyMap<string, OwnedPartition>
  readonly answer: Fiber.Fiber<FetchResponse, KafkaError>
}

const nextRequest = (broker: number, owned: OwnedPartitions, nowMs: number) => {
  const chosen = new Map<string, OwnedPartition>()
  for (const [name, partition] of owned) {
    const free = partition.outstanding === 0 || partition.requestedFrom === broker
    const valid = partition.validEpoch === partition.leaderEpoch
    const ready = valid && !partition.stopped && partition.notBeforeMs <= nowMs
    if (partition.leader === broker && free && ready) {
      chosen.set(name, partition)
    }
  }
  return chosen
}

const toRequest = (broker: number, chosen: Iterable<OwnedPartition>): FetchRequest => ({
  broker,
  partitions: Array.from(chosen, ({ fetchOffset, leaderEpoch, partition, topic }) => ({
    topic,
    partition,
    leaderEpoch,
    offset: fetchOffset,
    maxBytes: partitionBytes
  })),
  maxWaitMs,
  minBytes: 1,
  maxBytes: responseBytes,
  isolation: "read_committed"
})

/** Runs for as long as the broker may lead a partition. */
export const fetchLoop = (
  broker: number,
  env: FetchEnvironment
): Effect.Effect<never, never, Kafka> =>
  Effect.gen(function*() {
    const kafka = yield* Kafka
    const { owned, takeIn } = env

    const send: Effect.Effect<Sent | undefined> = Effect.gen(function*() {
      if (!env.hasRoom()) return undefined
      const partitions = nextRequest(broker, owned, yield* Clock.currentTimeMillis)
      if (partitions.size === 0) return undefined
      const request = toRequest(broker, partitions.values())
      for (const partition of partitions.values()) {
        partition.outstanding++
        partition.requestedFrom = broker
      }
      return { partitions, answer: yield* Effect.fork(kafka.fetch(request)) }
    })

    const workOff = (sent: Sent) => (fetched: FetchedPartition) => {
      const partition = sent.partitions.get(topicPartitionName(fetched))
      return partition === undefined || !isCurrent(owned, partition)
        ? Effect.void
        : takeIn.take(partition, fetched)
    }

    const settled = (sent: Sent) => {
      for (const partition of sent.partitions.values()) partition.outstanding--
    }

    const onAnswer = (sent: Sent, response: FetchResponse) =>
      Effect.gen(function*() {
        let bytes = 0
        const steps = response.partitions.filter((fetched) => {
          bytes += fetched.records.length
          const partition = sent.partitions.get(topicPartitionName(fetched))
          return partition !== undefined && takeIn.advance(partition, fetched)
        })
        const next = env.delayMs > 0
          ? undefined
          : yield* send
        yield* env.reached(true)
        yield* Metric.incrementBy(fetchedBytes, bytes)
        if (response.throttleMs > 0) {
          yield* Metric.incrementBy(kafkaThrottleSeconds("fetch"), response.throttleMs / 1000)
        }
        yield* Effect.forEach(steps, workOff(sent), {
          concurrency: partitionsInParallel,
          discard: true
        }).pipe(
          Effect.withSpan("BackupTopics.fetched", { attributes: { broker, bytes } })
        )
        response.free()
        settled(sent)
        return next
      })

    const onFailure = (sent: Sent, error: KafkaError) =>
      Effect.gen(function*() {
        settled(sent)
        yield* env.reached(false)
        yield* Effect.logDebug("fetch failed").pipe(
          Effect.annotateLogs({ broker, error: error.message })
        )
        yield* Effect.sleep("500 millis")
        yield* takeIn.refresh
        return undefined
      })

    const pause = Effect.sleep(Math.max(50, env.delayMs))
    let sent: Sent | undefined
    while (true) {
      const current: Sent | undefined = sent ?? (yield* send)
      if (current === undefined) {
        yield* pause
        continue
      }
      sent = yield* Fiber.join(current.answer).pipe(
        Effect.flatMap((response) => onAnswer(current, response)),
        Effect.catchAll((error) => onFailure(current, error))
      )
      if (env.delayMs > 0) yield* pause
    }
  })
