/** Where partitions begin and end: for all of them in two requests per broker. */
import { Effect, Either } from "effect"
import { Kafka, KafkaError } from "../../services/Kafka.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { byPartitionName, topicPartitionName } from "../../src/domain/TopicPartition.ts"
import { patiently } from "../ReadLog.ts"

export interface Bounds {
  /** Log start offset. */
  readonly start: bigint
  /** Last stable offset: an open transaction hides what comes after. */
  readonly end: bigint
}

/** By the names of the partitions; Left: what the broker says of this one. */
export type ListedBounds = ReadonlyMap<string, Either.Either<Bounds, KafkaError>>

const offsets = (partitions: ReadonlyArray<TopicPartition>, at: "earliest" | "stable") =>
  Effect.gen(function*() {
    const kafka = yield* Kafka
    return byPartitionName(yield* kafka.listOffsets(partitions, at))
  })

/** One try. Fails only when no partition gets an answer. */
export const listBounds = (
  partitions: ReadonlyArray<TopicPartition>
): Effect.Effect<ListedBounds, KafkaError, Kafka> =>
  Effect.gen(function*() {
    const starts = yield* offsets(partitions, "earliest")
    const ends = yield* offsets(partitions, "stable")
    const listed = new Map<string, Either.Either<Bounds, KafkaError>>()
    for (const partition of partitions) {
      const name = topicPartitionName(partition)
      const [start, end] = [starts.get(name), ends.get(name)]
      const error = start?.error ?? end?.error
      if (start !== undefined && end !== undefined && error === undefined) {
        listed.set(name, Either.right({ start: start.offset, end: end.offset }))
        continue
      }
      const reason = error ?? "MALFORMED_RESPONSE"
      const told = { operation: "list offsets of", subject: name, reason, cause: "" }
      listed.set(name, Either.left(new KafkaError(told)))
    }
    return listed
  })

/** Of one partition, waiting half a minute for what can still succeed. */
export const boundsOf = (partition: TopicPartition): Effect.Effect<Bounds, KafkaError, Kafka> =>
  listBounds([partition]).pipe(
    Effect.flatMap((listed) =>
      listed.get(topicPartitionName(partition)) ??
        Effect.dieMessage(`no answer about ${topicPartitionName(partition)}`)
    ),
    patiently("30 seconds")
  )
