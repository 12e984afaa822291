/** What one partition's part of a shared response means for the one who asked. */
import { Effect, Either, Exit } from "effect"
import type { FetchedPartition, FetchResponse } from "../../services/Kafka.ts"
import { KafkaError } from "../../services/Kafka.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import type { KafkaErrorName } from "../../src/codec/kafka/ErrorCodes.ts"
import { readBatchHeader } from "../../src/codec/RecordBatch.ts"
import { byPartitionName, topicPartitionName } from "../../src/domain/TopicPartition.ts"
import { decoding } from "../Decoding.ts"
import type { Answer, Ask } from "./Asks.ts"
import type { Page } from "./Page.ts"
import { emptyPage, pageOf } from "./Page.ts"

export interface Answered {
  readonly ask: Ask
  /** `undefined`: there is data, but it got no share of the response. To be asked again. */
  readonly answer: Exit.Exit<Answer, KafkaError> | undefined
  /** Bytes of the first batch; 0 when there is none. */
  readonly batchBytes: number
}

const firstBatchBytes = (fetched: FetchedPartition): Effect.Effect<number, CodecError> =>
  decoding(
    topicPartitionName(fetched),
    () => readBatchHeader(fetched.records, 0, fetched)?.end ?? 0
  )

const pageFor = (
  { alone, from }: Ask,
  fetched: FetchedPartition,
  batchBytes: number
): Effect.Effect<Page | undefined, CodecError> => {
  if (batchBytes > 0 || (alone && fetched.records.length > 0)) return pageOf(fetched, from)
  const end = fetched.lastStableOffset
  if (from >= end) return Effect.succeed(emptyPage(from, from))
  // Asked alone there is a whole batch (KIP-74), unless compaction has left none up to the end.
  return Effect.succeed(alone ? emptyPage(from, end) : undefined)
}

export const failed = (
  { from, source }: Ask,
  reason: KafkaErrorName,
  cause: KafkaError | "" = ""
): KafkaError =>
  new KafkaError({
    operation: `fetch from offset ${from} of`,
    subject: topicPartitionName(source),
    reason,
    cause
  })

const refusal = (ask: Ask, fetched: FetchedPartition | undefined, throttleMs: number) => {
  if (fetched !== undefined && fetched.error === undefined) return undefined
  // Over its quota, a client gets an answer without any partition (KIP-219).
  const silence = throttleMs > 0 ? "THROTTLING_QUOTA_EXCEEDED" : "MALFORMED_RESPONSE"
  return failed(ask, fetched?.error ?? silence)
}

/** Finds the partition of each ask in the response to them all. */
export const readAnswers = (response: FetchResponse) => {
  const partitions = byPartitionName(response.partitions)
  return (ask: Ask): Effect.Effect<Answered> => {
    const fetched = partitions.get(topicPartitionName(ask.source))
    const error = refusal(ask, fetched, response.throttleMs)
    if (fetched === undefined || error !== undefined) {
      return Effect.succeed({ ask, answer: error && Exit.fail(error), batchBytes: 0 })
    }
    return Effect.flatMap(
      firstBatchBytes(fetched),
      (batchBytes) =>
        Effect.map(pageFor(ask, fetched, batchBytes), (page) => ({
          ask,
          answer: page && Exit.succeed(Either.right(page)),
          batchBytes
        }))
    ).pipe(
      Effect.catchAll((damage) =>
        Effect.succeed({ ask, answer: Exit.succeed(Either.left(damage)), batchBytes: 0 })
      )
    )
  }
}
