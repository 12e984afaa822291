/**
 * Pages of many partitions, asked for one by one and fetched together: what waits for the same
 * broker goes into one request, and gathers again while that is under way.
 */
import type { Scope } from "effect"
import { Cause, Deferred, Effect, Exit, Metric } from "effect"
import type { KafkaError } from "../../services/Kafka.ts"
import { Kafka } from "../../services/Kafka.ts"
import { searchBytes, searchFetches } from "../../services/Metrics.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import type { Leaders } from "../Leaders.ts"
import { makeLeaders } from "../Leaders.ts"
import { patiently } from "../ReadLog.ts"
import type { Answer, Ask } from "./Asks.ts"
import { Asks, responseBytes } from "./Asks.ts"
import type { Page } from "./Page.ts"
import { failed, readAnswers } from "./ReadAnswer.ts"

export interface SharedFetch {
  /**
   * The batches from the one that holds `from` on, committed records only: at least one whole
   * batch where there is any, and about `bytes` of them. Waits half a minute for what can still
   * succeed, then fails with a `KafkaError` that names the partition; OFFSET_OUT_OF_RANGE fails at
   * once.
   */
  readonly read: (
    source: TopicPartition,
    from: bigint,
    bytes?: number
  ) => Effect.Effect<Page, KafkaError | CodecError>
  readonly leaders: Leaders
  /** Requests sent, and bytes of record batches that came back. */
  readonly stats: () => { readonly fetches: number; readonly bytes: number }
}

/** Bytes of a page, unless the partition is known to have larger batches. */
export const pageBytes = 64 * 1024

/** Bytes of a page that found no room in the response. */
const grown = (bytes: number): number => Math.min(bytes * 4, responseBytes)

/** Pages decoded at a time: more would only be in memory. */
const decodedAtOnce = 4

/** Those who have just got their pages ask for the next ones before a request goes out. */
const gather = Effect.repeatN(Effect.yieldNow(), 2)

/** The failure of a request is the failure of each partition in it. */
const finish = (asks: Iterable<Ask>, cause: Cause.Cause<KafkaError>) => {
  for (const ask of asks) {
    const own = Cause.map(cause, (error) => failed(ask, error.reason, error))
    Deferred.unsafeDone(ask.answer, Exit.failCause(own))
  }
}

/** Requests end with the scope; who waits then is interrupted. */
export const makeSharedFetch: Effect.Effect<SharedFetch, never, Kafka | Scope.Scope> = Effect.gen(
  function*() {
    const kafka = yield* Kafka
    const scope = yield* Effect.scope
    const leaders = yield* makeLeaders
    const queues = new Map<number, Asks>()
    /** Bytes that a page takes, of partitions with large batches. */
    const sizes = new Map<string, number>()
    let fetches = 0
    let bytes = 0

    const send = (broker: number, asks: ReadonlyArray<Ask>) =>
      Effect.gen(function*() {
        fetches++
        yield* Metric.increment(searchFetches)
        const response = yield* kafka.fetch({
          broker,
          partitions: asks.map((ask) => ({
            ...ask.source,
            offset: ask.from,
            maxBytes: ask.bytes,
            leaderEpoch: -1
          })),
          // A long poll would hold up every other request of this connection.
          maxWaitMs: 0,
          minBytes: 0,
          maxBytes: responseBytes,
          isolation: "read_committed"
        })
        const received = response.partitions.reduce((sum, one) => sum + one.records.length, 0)
        bytes += received
        yield* Metric.incrementBy(searchBytes, received)
        return yield* Effect.forEach(asks, readAnswers(response), { concurrency: decodedAtOnce })
      })

    const round = (broker: number, queue: Asks) =>
      Effect.gen(function*() {
        yield* gather
        const asks = queue.take()
        const answers = yield* Effect.onExit(
          send(broker, asks),
          (exit) => Effect.sync(() => Exit.isFailure(exit) && finish(asks, exit.cause))
        )
        const starved: Array<Ask> = []
        for (const { answer, ask, batchBytes } of answers) {
          if (batchBytes > ask.bytes) {
            sizes.set(topicPartitionName(ask.source), Math.ceil(batchBytes * 1.25))
          }
          if (answer !== undefined) Deferred.unsafeDone(ask.answer, answer)
          else {
            // The first was served before all others: what it lacked was not room.
            ask.alone = starved.length === 0 && ask === asks[0]
            ask.bytes = grown(ask.bytes)
            starved.push(ask)
          }
        }
        queue.again(starved)
      })

    const rounds = (broker: number, queue: Asks) =>
      Effect.iterate(undefined, {
        while: () => {
          // In one step with the look at the queue, or an ask could come between.
          if (queue.empty) queues.delete(broker)
          return !queue.empty
        },
        body: () => Effect.ignore(round(broker, queue))
      })

    const start = (broker: number, queue: Asks) => {
      queues.set(broker, queue)
      const work = Effect.onExit(
        Effect.interruptible(rounds(broker, queue)),
        (exit) =>
          Effect.sync(() => {
            if (Exit.isSuccess(exit)) return
            queues.delete(broker)
            finish(queue.all(), exit.cause)
          })
      )
      return Effect.forkIn(work, scope)
    }

    /** Puts it into the queue that a fiber works off, or starts one. */
    const enqueue = (broker: number, ask: Ask): Effect.Effect<Ask> =>
      Effect.uninterruptible(Effect.suspend(() => {
        const busy = queues.get(broker)
        if (busy !== undefined) return Effect.succeed(busy.add(ask))
        const queue = new Asks()
        return Effect.as(start(broker, queue), queue.add(ask))
      }))

    const ask = (source: TopicPartition, from: bigint, atLeast: number) =>
      Effect.gen(function*() {
        const broker = yield* leaders.of(source)
        const answer = yield* Deferred.make<Answer, KafkaError>()
        const bytes = Math.max(atLeast, sizes.get(topicPartitionName(source)) ?? pageBytes)
        const queued = yield* enqueue(broker, { source, from, answer, bytes, alone: false })
        return yield* Deferred.await(queued.answer)
      })

    return {
      read: (source, from, atLeast = pageBytes) =>
        ask(source, from, Math.min(atLeast, responseBytes)).pipe(
          Effect.tapError(() => Effect.sync(() => leaders.forget(source.topic))),
          patiently("30 seconds"),
          Effect.flatten
        ),
      leaders,
      stats: () => ({ fetches, bytes })
    }
  }
)
