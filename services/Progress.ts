/**
 * How far a long command is. Pipelines add to plain numbers, per batch, block or page, never per
 * record; whoever shows them reads them a few times a second.
 */
import type { Scope } from "effect"
import { Context, Effect, Schema } from "effect"

/** What this run has done for one topic. To be added to. */
export interface TopicCounts {
  records: number
  bytes: number
}

/**
 * How far a topic is, in the steps in which its end is known: bytes, files or offsets. `earlier`: of
 * those done, the ones that were found done already, which were no work of this run.
 */
export interface TopicExtent {
  readonly topic: string
  readonly done: number
  readonly earlier: number
  readonly total: number
}

export interface Extent {
  /** A topic may be there several times, in parts. */
  readonly topics: ReadonlyArray<TopicExtent>
  /** There are no more topics, and no total will grow any more. */
  readonly complete: boolean
}

export const TopicProgress = Schema.Struct({
  topic: Schema.String,
  records: Schema.Number,
  bytes: Schema.Number,
  done: Schema.Number,
  earlier: Schema.Number,
  /** `null`: nobody knows how much there is. */
  total: Schema.NullOr(Schema.Number)
})

export type TopicProgress = typeof TopicProgress.Type

export interface Reading {
  readonly topics: ReadonlyArray<TopicProgress>
  readonly complete: boolean
  /** Milliseconds for which brokers have throttled it so far. */
  readonly throttledMs: number
}

export interface ProgressCounters {
  /** The same ones for the same topic. */
  readonly topic: (topic: string) => TopicCounts
  /** From now on this says how far it is; asked a few times a second. */
  readonly measure: (extent: () => Extent) => void
  /** What a worker has told of its own part: topics that it does not name are as they were. */
  readonly hear: (worker: number, reading: Reading) => void
}

/** Counted and told by nobody else: what is counted is forgotten. */
const uncounted: ProgressCounters = {
  topic: () => ({ records: 0, bytes: 0 }),
  measure: () => undefined,
  hear: () => undefined
}

/** Where pipelines count. Nothing is kept unless somebody provides it to show it. */
export class Progress extends Context.Reference<Progress>()("kafka-data-keep/Progress", {
  defaultValue: () => uncounted
}) {}

/**
 * Until the scope closes, this says how far it is; after that, how far it was then. To be begun
 * when what it looks at has begun, so that it ends before that is torn down.
 */
export const measuring = (extent: () => Extent): Effect.Effect<void, never, Scope.Scope> =>
  Effect.flatMap(Progress, ({ measure }) =>
    Effect.acquireRelease(
      Effect.sync(() => measure(extent)),
      () =>
        Effect.sync(() => {
          const last = extent()
          measure(() => last)
        })
    ))

/** Counters that can be read. */
export interface ProgressBoard extends ProgressCounters {
  /**
   * Own counts and what workers have told, as one; topics in the order in which they came. Of
   * throttling it knows what workers have told.
   */
  readonly read: () => Reading
}

const sum = (one: TopicProgress | undefined, other: TopicProgress): TopicProgress =>
  one === undefined ? other : {
    topic: one.topic,
    records: one.records + other.records,
    bytes: one.bytes + other.bytes,
    done: one.done + other.done,
    earlier: one.earlier + other.earlier,
    total: one.total === null && other.total === null
      ? null
      : (one.total ?? 0) + (other.total ?? 0)
  }

interface Part {
  readonly topics: Map<string, TopicProgress>
  complete: boolean
  throttledMs: number
}

export const makeProgress = (): ProgressBoard => {
  const counts = new Map<string, TopicCounts>()
  const workers = new Map<number, Part>()
  let extent: (() => Extent) | undefined

  const topic = (name: string): TopicCounts => {
    const found = counts.get(name)
    if (found !== undefined) return found
    const made = { records: 0, bytes: 0 }
    counts.set(name, made)
    return made
  }

  const read = (): Reading => {
    const measured = extent?.()
    const topics = new Map<string, TopicProgress>()
    const add = (part: TopicProgress) => topics.set(part.topic, sum(topics.get(part.topic), part))
    // One that was measured once stays, with nothing in it when it is no longer ours.
    for (const each of measured?.topics ?? []) topic(each.topic)
    for (const [name, { bytes, records }] of counts) {
      add({ topic: name, records, bytes, done: 0, earlier: 0, total: null })
    }
    for (const each of measured?.topics ?? []) add({ ...each, records: 0, bytes: 0 })
    for (const part of workers.values()) part.topics.forEach(add)
    const parts = [
      ...(measured === undefined ? [] : [measured]),
      ...workers.values()
    ]
    return {
      topics: [...topics.values()],
      complete: parts.length > 0 && parts.every(({ complete }) => complete),
      throttledMs: [...workers.values()].reduce((sum, part) => sum + part.throttledMs, 0)
    }
  }

  return {
    topic,
    read,
    measure: (how) => {
      extent = how
    },
    hear: (worker, { complete, throttledMs, topics }) => {
      const part = workers.get(worker) ?? { topics: new Map(), complete, throttledMs }
      workers.set(worker, part)
      part.complete = complete
      part.throttledMs = throttledMs
      for (const each of topics) part.topics.set(each.topic, each)
    }
  }
}
