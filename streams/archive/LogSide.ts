/** The committed records of a partition's log, as a side of a comparison. */
import { Effect, Stream } from "effect"
import type { Kafka, KafkaError } from "../../services/Kafka.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import { LoggedRecords } from "../../src/codec/LoggedRecords.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import type { Leaders } from "../Leaders.ts"
import { logOffsets } from "../PlanTopic.ts"
import { pagesOf, readBatchesPatiently } from "../ReadLog.ts"
import type { RecordPage } from "./Side.ts"

/** Where the log begins, and how far all is committed. */
export interface LogEnds {
  readonly start: bigint
  readonly end: bigint
}

/** Where the log begins now; 0 for one that says nothing. */
export const logStart = (source: TopicPartition) =>
  Effect.map(logOffsets([source], "earliest"), (starts) => starts.get(source.partition) ?? 0n)

export const logEnds = (
  source: TopicPartition
): Effect.Effect<LogEnds, KafkaError, Kafka> =>
  Effect.gen(function*() {
    const start = yield* logStart(source)
    const end = (yield* logOffsets([source], "stable")).get(source.partition) ?? start
    return { start, end }
  })

const nothing = { batches: [], free: () => {} }

/** Retention may remove what is about to be read. */
const readOn = (leaders: Leaders, source: TopicPartition, from: bigint) =>
  Effect.catchIf(
    readBatchesPatiently(leaders, source, from),
    (error) => error._tag === "KafkaError" && error.reason === "OFFSET_OUT_OF_RANGE",
    (error) =>
      Effect.flatMap(logStart(source), (start) =>
        start > from ? Effect.succeed({ ...nothing, next: start }) : Effect.fail(error))
  )

/** Records of `[start, end)`. */
export const logPages = (
  leaders: Leaders,
  source: TopicPartition,
  { end, start }: LogEnds
): Stream.Stream<RecordPage<LoggedRecords>, KafkaError | CodecError, Kafka> =>
  Stream.map(
    pagesOf((from) => readOn(leaders, source, from), start, end),
    ({ batches, free }) => ({ open: () => new LoggedRecords(batches, start, end), free })
  )
