/**
 * Fetches from one broker, all partitions that it leads in one fetch session, and sends the next
 * request before the answer to the last one is worked on, unless that one was small.
 */
import { Clock, Effect, Fiber, Metric } from "effect"
import type { FetchSession } from "../../services/FetchSession.ts"
import type { FetchedPartition, FetchResponse, KafkaError } from "../../services/Kafka.ts"
import { Kafka } from "../../services/Kafka.ts"
import { fetchedBytes, kafkaThrottleSeconds } from "../../services/Metrics.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import type { OwnedPartition, OwnedPartitions } from "./OwnedPartition.ts"
import { isCurrent } from "./OwnedPartition.ts"
import type { TakeIn } from "./TakeIn.ts"

/** Bytes of one response; two are in memory at a time. */
const responseBytes = 2 << 20
/** Bytes of one partition in a response. */
const partitionBytes = 1 << 20
/** Milliseconds that a broker may wait for the first byte. */
const maxWaitMs = 500
/** Bytes; what a broker answers at once with less than that is worth collecting. */
const smallBytes = 64 << 10
/**
 * Milliseconds from a request with a small answer to the next. Where a few records a second come
 * to each of thousands of partitions, a broker has a few bytes at any moment, and every request
 * costs it a look at all of them. Two small answers a second are as many as an idle broker gives.
 */
const smallPauseMs = maxWaitMs

export interface FetchEnvironment {
  readonly owned: OwnedPartitions
  readonly takeIn: TakeIn
  /** Milliseconds to wait between two requests, at least. */
  readonly delayMs: number
  /** Small answers are followed at once: somebody waits for the end. */
  readonly hurried: boolean
  /** False while nothing may be asked for, because there is no room for it. */
  readonly hasRoom: () => boolean
  /** Kafka answered, or did not. */
  readonly reached: (ok: boolean) => Effect.Effect<void>
}

interface Sent {
  readonly partitions: ReadonlyArray<OwnedPartition>
  readonly atMs: number
  readonly answer: Fiber.Fiber<FetchResponse, KafkaError>
}

/** A part of an answer, with the partition that it is for. */
type Step = readonly [partition: OwnedPartition, fetched: FetchedPartition]

/** Those to be fetched now. Looks at thousands for each request, so it makes nothing of them. */
const wantedNow = (
  broker: number,
  owned: OwnedPartitions,
  session: FetchSession,
  nowMs: number
): ReadonlyArray<OwnedPartition> => {
  const wanted: Array<OwnedPartition> = []
  for (const partition of owned.values()) {
    if (partition.leader !== broker || partition.stopped || partition.notBeforeMs > nowMs) continue
    if (partition.validEpoch !== partition.leaderEpoch) continue
    if (partition.requestedFrom !== broker) {
      // Still under way from its last leader.
      if (partition.outstanding > 0) continue
      // Opened again since the last request: of what was told before it knows nothing.
      if (session.follows(partition)) session.forget()
    }
    wanted.push(partition)
  }
  return wanted
}

/** The partition that a part of the answer to the request under way from this broker is for. */
const askedFor = (
  broker: number,
  owned: OwnedPartitions,
  fetched: FetchedPartition
): OwnedPartition | undefined => {
  const partition = owned.get(topicPartitionName(fetched))
  // One that was opened after the request was sent has nothing to do with it.
  return partition !== undefined && partition.requestedFrom === broker && partition.outstanding > 0
    ? partition
    : undefined
}

/** Runs for as long as the broker may lead a partition. */
export const fetchLoop = (
  broker: number,
  env: FetchEnvironment
): Effect.Effect<never, never, Kafka> =>
  Effect.gen(function*() {
    const kafka = yield* Kafka
    const { owned, takeIn } = env
    const session = yield* kafka.fetchSession({
      broker,
      partitionBytes,
      maxWaitMs,
      minBytes: 1,
      maxBytes: responseBytes,
      isolation: "read_committed"
    })

    const send: Effect.Effect<Sent | undefined> = Effect.gen(function*() {
      if (!env.hasRoom()) return undefined
      const atMs = yield* Clock.currentTimeMillis
      const partitions = wantedNow(broker, owned, session, atMs)
      if (partitions.length === 0) return undefined
      for (const partition of partitions) {
        partition.outstanding++
        partition.requestedFrom = broker
      }
      return { partitions, atMs, answer: yield* Effect.fork(session.fetch(partitions)) }
    })

    const workOff = ([partition, fetched]: Step) =>
      isCurrent(owned, partition) ? takeIn.take(partition, fetched) : Effect.void

    const settled = (sent: Sent) => {
      for (const partition of sent.partitions) partition.outstanding--
    }

    /** Milliseconds till the next request after a small answer. */
    const collect = (sent: Sent) =>
      Effect.flatMap(
        Clock.currentTimeMillis,
        (now) => Effect.sleep(Math.max(0, sent.atMs + smallPauseMs - now))
      )

    const onAnswer = (sent: Sent, response: FetchResponse) =>
      Effect.gen(function*() {
        let bytes = 0
        let behind = false
        const steps: Array<Step> = []
        for (const fetched of response.partitions) {
          const size = fetched.records.length
          bytes += size
          const partition = askedFor(broker, owned, fetched)
          if (partition === undefined || !takeIn.advance(partition, fetched)) continue
          steps.push([partition, fetched])
          // A broker reads no further than the end of a segment of the log.
          if (size > 0 && partition.fetchOffset < fetched.lastStableOffset) behind = true
        }
        const atOnce = env.hurried || behind || bytes >= smallBytes
        const next = env.delayMs > 0 || !atOnce ? undefined : yield* send
        yield* env.reached(true)
        yield* Metric.incrementBy(fetchedBytes, bytes)
        if (response.throttleMs > 0) {
          yield* Metric.incrementBy(kafkaThrottleSeconds("fetch"), response.throttleMs / 1000)
        }
        yield* Effect.forEach(steps, workOff, { discard: true }).pipe(
          Effect.withSpan("BackupTopics.fetched", { attributes: { broker, bytes } })
        )
        response.free()
        settled(sent)
        if (!atOnce) yield* collect(sent)
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
  }).pipe(Effect.scoped)
