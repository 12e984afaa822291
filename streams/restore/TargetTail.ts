/** Where the restore of a target partition stands, read from the target itself. */
import { Effect, Schedule } from "effect"
import type { ReadRecord } from "../../src/codec/PlainRecords.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import type { Leaders } from "../Leaders.ts"
import { logOffsets } from "../PlanTopic.ts"
import { readLogPatiently } from "../ReadLog.ts"
import type { RestoredRecord } from "./Origin.ts"
import { RestoreFailure } from "./Outcome.ts"

/** The header of every restored record: its offset in the source partition, ASCII decimal. */
export const sourceOffsetHeader = "restore.source-offset"

export interface TargetTail {
  /** Of the last record restored; -1 when none has been. */
  readonly lastSourceOffset: bigint
  /** The offset that the next record in the target gets. */
  readonly logEnd: bigint
}

/** The source offset that a restored record carries; `undefined` for a record of somebody else. */
export const sourceOffsetOf = ({ headers }: ReadRecord): bigint | undefined => {
  const text = headers.find(([name]) => name.toString() === sourceOffsetHeader)?.[1]
    ?.toString("latin1")
  return text !== undefined && /^\d{1,19}$/.test(text) ? BigInt(text) : undefined
}

/** The last record in `[from, to)` that passes, read forward a page at a time. */
const lastBetween = (
  leaders: Leaders,
  target: TopicPartition,
  from: bigint,
  to: bigint,
  passes: (record: ReadRecord) => boolean
) =>
  Effect.gen(function*() {
    let found: ReadRecord | undefined
    let position = from
    while (position < to) {
      const page = yield* readLogPatiently(leaders, target, position)
      found = page.records.findLast((record) => record.offset < to && passes(record)) ?? found
      if (page.next === position) break
      position = page.next
    }
    return found
  })

/** Each step back is this many times as far as all before. */
const stride = 4n

/**
 * The last record before `end` that passes. Steps back from the end, wider each time, because
 * markers, aborted records and compaction leave offsets at the tail that hold nothing.
 */
const lastBefore = (
  leaders: Leaders,
  target: TopicPartition,
  start: bigint,
  end: bigint,
  passes: (record: ReadRecord) => boolean
) =>
  Effect.gen(function*() {
    let upper = end
    let width = 1n
    while (upper > start) {
      const lower = upper - width > start ? upper - width : start
      const found = yield* lastBetween(leaders, target, lower, upper, passes)
      if (found !== undefined) return found
      upper = lower
      width *= stride
    }
    return undefined
  })

const offsetOf = (target: TopicPartition, at: "earliest" | "stable" | "latest") =>
  Effect.map(logOffsets([target], at), (offsets) => offsets.get(target.partition) ?? 0n)

/** A transaction of somebody else holds back what read_committed may see: wait for its end. */
const settledEnd = (target: TopicPartition) =>
  Effect.gen(function*() {
    const end = yield* offsetOf(target, "latest")
    const stable = yield* offsetOf(target, "stable")
    if (stable >= end) return end
    const reason = "an open transaction in the target partition hides its last records"
    return yield* new RestoreFailure({ partition: target, reason })
  }).pipe(Effect.retry({
    schedule: Schedule.intersect(Schedule.spaced("500 millis"), Schedule.recurs(20)),
    while: (error) => error._tag === "RestoreFailure"
  }))

/**
 * Reads the last restored record. Call it only as the owner, after a takeover: what it says is
 * then true until this owner writes.
 */
export const readTail = (
  leaders: Leaders,
  target: TopicPartition,
  failOnExistingData: boolean
) =>
  Effect.gen(function*() {
    const logEnd = yield* settledEnd(target)
    const start = yield* offsetOf(target, "earliest")
    const last = yield* lastBefore(leaders, target, start, logEnd, () => true)
    if (last === undefined) return { lastSourceOffset: -1n, logEnd }
    const lastSourceOffset = sourceOffsetOf(last)
    if (lastSourceOffset !== undefined) return { lastSourceOffset, logEnd }
    if (failOnExistingData) {
      const reason =
        `the target partition holds data that no restore wrote (offset ${last.offset}): ` +
        "empty it, or allow existing data with -fail-on-existing-data=false"
      return yield* new RestoreFailure({ partition: target, reason })
    }
    const ours = yield* lastBefore(
      leaders,
      target,
      start,
      last.offset,
      (record) => sourceOffsetOf(record) !== undefined
    )
    return { lastSourceOffset: (ours && sourceOffsetOf(ours)) ?? -1n, logEnd }
  })

/** Pages read at most to find the first restored record behind what somebody else wrote. */
const pagesToFirst = 64

const firstRestored = (
  leaders: Leaders,
  target: TopicPartition,
  start: bigint,
  end: bigint
) =>
  Effect.gen(function*() {
    let position = start
    for (let pages = 0; position < end && pages < pagesToFirst; pages++) {
      const page = yield* readLogPatiently(leaders, target, position)
      const found = page.records.find((record) => sourceOffsetOf(record) !== undefined)
      if (found !== undefined) return found
      if (page.next === position) break
      position = page.next
    }
    return undefined
  })

/** The first restored record, if it is found soon, and the last: by source offset, each once. */
export const readRestoredEnds = (leaders: Leaders, target: TopicPartition) =>
  Effect.gen(function*() {
    const start = yield* offsetOf(target, "earliest")
    const end = yield* offsetOf(target, "stable")
    const first = yield* firstRestored(leaders, target, start, end)
    const last = yield* lastBefore(
      leaders,
      target,
      start,
      end,
      (record) => sourceOffsetOf(record) !== undefined
    )
    const found = new Map<bigint, RestoredRecord>()
    for (const record of [first, last]) {
      const sourceOffset = record && sourceOffsetOf(record)
      if (record === undefined || sourceOffset === undefined) continue
      if (!found.has(sourceOffset)) found.set(sourceOffset, { sourceOffset, record })
    }
    return [...found.values()].sort((one, other) => one.sourceOffset < other.sourceOffset ? -1 : 1)
  }).pipe(Effect.retry({
    // Retention can delete what was the first record a moment ago.
    times: 3,
    while: (error) => error._tag === "KafkaError" && error.reason === "OFFSET_OUT_OF_RANGE"
  }))

/** Whether `[from, to)` of the target holds no data: only markers, or nothing at all. */
export const holdsNoData = (
  leaders: Leaders,
  target: TopicPartition,
  from: bigint,
  to: bigint
) => Effect.map(lastBetween(leaders, target, from, to, () => true), (found) => found === undefined)
