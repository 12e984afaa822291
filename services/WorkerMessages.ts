/**
 * What the main thread and its workers, the members of a consumer group in threads of one process,
 * say to each other.
 */
import { Schema } from "effect"
import { MetricFamily } from "./MetricFamilies.ts"
import { TopicProgress } from "./Progress.ts"

/** What a worker is given when its thread starts. */
export const WorkerStart = Schema.Struct({
  kafkaDataKeep: Schema.Literal("worker"),
  /** From 1. */
  worker: Schema.Int,
  workers: Schema.Int,
  /** Where compiled code is kept; `null`: nowhere. */
  compileCache: Schema.NullOr(Schema.String)
})

export type WorkerStart = typeof WorkerStart.Type

/** From the main thread. `ask` numbers what is answered. */
export const ToWorker = Schema.Union(
  Schema.TaggedStruct("Stop", {}),
  Schema.TaggedStruct("AskMetrics", { ask: Schema.Int }),
  Schema.TaggedStruct("AskFlush", { ask: Schema.Int }),
  /** Nothing is left to do; the names of what is worked off. */
  Schema.TaggedStruct("AllDone", { partitions: Schema.Array(Schema.String) })
)

export type ToWorker = typeof ToWorker.Type

const Counts = Schema.Struct({
  files: Schema.Number,
  records: Schema.Number,
  bytes: Schema.Number
})

/** How a worker ended. `incomplete`: it has done what it could, and the others may go on. */
export const WorkerEnding = Schema.Struct({
  outcome: Schema.Literal("done", "stopped", "incomplete", "failed"),
  /** One sentence each. */
  errors: Schema.Array(Schema.String),
  totals: Counts
})

export type WorkerEnding = typeof WorkerEnding.Type

/** From a worker. */
export const FromWorker = Schema.Union(
  /** A log line. */
  Schema.TaggedStruct("Line", { line: Schema.String }),
  Schema.TaggedStruct("Metrics", { ask: Schema.Int, families: Schema.Array(MetricFamily) }),
  Schema.TaggedStruct("Flushed", {
    ask: Schema.Int,
    files: Schema.Number,
    committed: Schema.Boolean
  }),
  Schema.TaggedStruct("NotFlushed", { ask: Schema.Int, error: Schema.String }),
  /** See `Standing` of the companions. */
  Schema.TaggedStruct("Standing", {
    idleIn: Schema.NullOr(Schema.Int),
    done: Schema.Array(Schema.String),
    of: Schema.Int
  }),
  /** How far it is, about once a second: the topics that have changed. */
  Schema.TaggedStruct("Progress", {
    complete: Schema.Boolean,
    topics: Schema.Array(TopicProgress),
    throttledMs: Schema.Number
  }),
  /** The last one. */
  Schema.TaggedStruct("Ended", { ending: WorkerEnding })
)

export type FromWorker = typeof FromWorker.Type
