/** What becomes of one partition's part of a fetch response. */
import { Clock, Effect, Metric, Option } from "effect"
import type { FetchedPartition } from "../../services/Kafka.ts"
import { Kafka, KafkaError } from "../../services/Kafka.ts"
import { refetchedRecords } from "../../services/Metrics.ts"
import { CodecError } from "../../src/codec/CodecError.ts"
import type { BatchOutcome } from "../../src/codec/FetchedBatches.ts"
import { takeInGroups } from "../../src/codec/FetchedGroups.ts"
import type { KafkaErrorName } from "../../src/codec/kafka/ErrorCodes.ts"
import { isRetriable } from "../../src/codec/kafka/ErrorCodes.ts"
import { nextFetchOffset } from "../../src/codec/RecordBatch.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import { BackupError } from "./Archived.ts"
import type { OwnedPartition } from "./OwnedPartition.ts"

/** Milliseconds before a partition with a passing error is asked for again. */
const errorBackoffMs = 250

export interface TakeIn {
  /** Moves the fetch position past the answer; false when there is nothing to work on. */
  readonly advance: (partition: OwnedPartition, fetched: FetchedPartition) => boolean
  /** Decodes the answer and hands it to the partition's writer, or deals with its error. */
  readonly take: (
    partition: OwnedPartition,
    fetched: FetchedPartition
  ) => Effect.Effect<void, never, Kafka>
  /** Looks up leaders and topic ids anew. */
  readonly refresh: Effect.Effect<void>
}

const countRefetched = (partition: OwnedPartition, batches: ReadonlyArray<BatchOutcome>) => {
  let records = 0
  for (const { header, kind } of batches) {
    if (kind === "data" && header.baseOffset < partition.committedBefore) {
      records += header.recordCount
    }
  }
  return records === 0
    ? Effect.void
    : Metric.incrementBy(refetchedRecords(partition.topic), records)
}

/** Batches that are new in part count whole. */
const count = ({ counts }: OwnedPartition, batches: ReadonlyArray<BatchOutcome>) => {
  for (const { header, kind } of batches) {
    counts.bytes += header.end - header.position
    if (kind === "data") counts.records += header.recordCount
  }
}

const beyondLog = (partition: OwnedPartition, position: bigint) =>
  new BackupError({
    reason: "BeyondLog",
    message: `the log of ${topicPartitionName(partition)} no longer reaches offset ${position},`
      + " up to which it is backed up: it was cut back after an unclean leader election"
  })

/** The log does not hold the position: retention was faster, or the log was cut back. */
const outOfRange = (partition: OwnedPartition): Effect.Effect<void, KafkaError, Kafka> =>
  Effect.gen(function*() {
    const kafka = yield* Kafka
    const [earliest] = yield* kafka.listOffsets([partition], "earliest")
    const [latest] = yield* kafka.listOffsets([partition], "latest")
    if (earliest?.error !== undefined || latest?.error !== undefined) return
    if (earliest === undefined || latest === undefined) return
    const position = partition.writer.position()
    if (latest.offset < position) return partition.fail(beyondLog(partition, position))
    // A request sent before the last jump asks for the old position once more.
    if (earliest.offset <= position) return
    yield* Effect.logWarning("records were deleted by retention before they could be read").pipe(
      Effect.annotateLogs({
        partition: topicPartitionName(partition),
        from: String(position),
        to: String(earliest.offset)
      })
    )
    partition.writer.skipDeleted(earliest.offset)
    partition.fetchOffset = earliest.offset
    partition.logStartOffset = earliest.offset
  })

const onError = (
  partition: OwnedPartition,
  reason: KafkaErrorName,
  refresh: Effect.Effect<void>
): Effect.Effect<void, never, Kafka> =>
  Effect.gen(function*() {
    partition.notBeforeMs = (yield* Clock.currentTimeMillis) + errorBackoffMs
    if (reason === "OFFSET_OUT_OF_RANGE") {
      return yield* Effect.catchAll(outOfRange(partition), () => Effect.void)
    }
    if (isRetriable(reason)) {
      // Not before metadata has told whether it is still the same topic, and who leads it now.
      partition.leader = -1
      return yield* refresh
    }
    partition.fail(
      new KafkaError({
        reason,
        operation: "fetch",
        subject: topicPartitionName(partition),
        cause: ""
      })
    )
  })

export const makeTakeIn = (refresh: Effect.Effect<void>): TakeIn => ({
  refresh,
  advance: (partition, fetched) => {
    partition.highWatermark = fetched.highWatermark
    partition.lastStableOffset = fetched.lastStableOffset
    partition.logStartOffset = fetched.logStartOffset
    if (fetched.error !== undefined) return true
    if (fetched.records.length === 0) return false
    try {
      const next = nextFetchOffset(fetched.records, partition)
      if (next !== undefined && next > partition.fetchOffset) partition.fetchOffset = next
      return true
    } catch (error) {
      if (!(error instanceof CodecError)) throw error
      partition.fail(error)
      return false
    }
  },
  take: (partition, fetched) =>
    Option.match(Option.fromNullable(fetched.error), {
      onSome: (reason) => onError(partition, reason, refresh),
      onNone: () =>
        takeInGroups(fetched, partition.writer.position(), (batches) =>
          Effect.gen(function*() {
            yield* countRefetched(partition, batches)
            yield* partition.writer.append(batches)
            count(partition, batches)
            partition.readEpoch = batches.at(-1)?.header.leaderEpoch ?? partition.readEpoch
          })).pipe(Effect.catchAll((error) => Effect.sync(() => partition.fail(error))))
    })
})
