/** Where the records of source offsets are in restored partitions, by search. */
import { Effect, Either, Schedule } from "effect"
import type { KafkaError } from "../../services/Kafka.ts"
import { Kafka } from "../../services/Kafka.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import { patiently } from "../ReadLog.ts"
import type { Bounds } from "./Bounds.ts"
import { boundsOf, listBounds } from "./Bounds.ts"
import type { Restored } from "./Restored.ts"
import { restoredPartition } from "./Restored.ts"
import { search } from "./Search.ts"
import type { SharedFetch } from "./SharedFetch.ts"
import { findTail } from "./Tail.ts"

export interface LocatedPartition {
  /** Log start offset of the target partition. */
  readonly start: bigint
  /** Its last stable offset when the search began; nothing from there on is taken into account. */
  readonly end: bigint
  /** The last restored record; `undefined` when nothing was restored. */
  readonly last: Restored | undefined
  /**
   * Where somebody continues who has processed all restored records: `end` when no data record
   * follows the last restored one, else the offset after it; `start` when nothing was restored.
   */
  readonly afterLast: bigint
  /**
   * For each wanted source offset up to `last.source`: the target offset of the first restored
   * record with that source offset or a later one; `start` for one before the first.
   */
  readonly positions: ReadonlyMap<bigint, bigint>
}

export interface LocateTarget {
  readonly target: TopicPartition
  /** Source offsets. */
  readonly wanted: ReadonlyArray<bigint>
}

const locateWithin = (
  fetch: SharedFetch,
  { target, wanted }: LocateTarget,
  bounds: Bounds
) =>
  Effect.gen(function*() {
    const { end, start } = bounds
    const partition = restoredPartition(fetch, target, bounds)
    const tail = yield* findTail(partition)
    if (tail === undefined) {
      const none = { last: undefined, afterLast: start, positions: new Map<bigint, bigint>() }
      return { start, end, ...none }
    }
    const { followed, last } = tail
    const positions = yield* search(partition, tail, wanted)
    return { start, end, last, afterLast: followed ? last.target + 1n : end, positions }
  })

/** The log is no longer what its bounds say: retention deletes, an election takes back. */
const moved = (error: KafkaError | CodecError): boolean =>
  error._tag === "KafkaError" &&
  (error.reason === "OFFSET_OUT_OF_RANGE" || error.reason === "OFFSET_NOT_AVAILABLE")

/** Searches begun again in partitions that change under them. */
const again = Schedule.exponential("50 millis").pipe(
  Schedule.intersect(Schedule.recurs(5)),
  Schedule.upTo("30 seconds")
)

const locateFrom = (
  fetch: SharedFetch,
  wanted: LocateTarget,
  listed: Either.Either<Bounds, KafkaError> | undefined
): Effect.Effect<LocatedPartition, KafkaError | CodecError, Kafka> => {
  const searching = Effect.flatMap(
    boundsOf(wanted.target),
    (bounds) => locateWithin(fetch, wanted, bounds)
  )
  const afresh = Effect.retry(searching, { schedule: again, while: moved })
  return listed === undefined || Either.isLeft(listed)
    ? afresh
    : Effect.catchIf(locateWithin(fetch, wanted, listed.right), moved, () => afresh)
}

/** One partition: see {@link locateAll}, which shares more. */
export const locate = (
  fetch: SharedFetch,
  target: TopicPartition,
  wanted: ReadonlyArray<bigint>
): Effect.Effect<LocatedPartition, KafkaError | CodecError, Kafka> =>
  locateFrom(fetch, { target, wanted }, undefined)

/**
 * All partitions at once, by their names; each is to be given once. Takes about as many fetches
 * for each as the logarithm of its batches, most of them shared, and waits half a minute for
 * brokers that are away. A partition that fails is a Left and holds up no other; fails as a whole
 * only when no broker answers.
 */
export const locateAll = (
  fetch: SharedFetch,
  targets: ReadonlyArray<LocateTarget>
): Effect.Effect<
  ReadonlyMap<string, Either.Either<LocatedPartition, KafkaError | CodecError>>,
  KafkaError,
  Kafka
> =>
  Effect.gen(function*() {
    if (targets.length === 0) return new Map()
    const kafka = yield* Kafka
    const names = [...new Set(targets.map(({ target }) => target.topic))]
    const { topics } = yield* patiently("30 seconds")(kafka.metadata(names))
    fetch.leaders.learn(topics)
    const partitions = targets.map(({ target }) => target)
    const bounds = yield* patiently("30 seconds")(listBounds(partitions))
    const located = yield* Effect.forEach(targets, (wanted) => {
      const name = topicPartitionName(wanted.target)
      const one = locateFrom(fetch, wanted, bounds.get(name))
      return Effect.map(Effect.either(one), (answer) => [name, answer] as const)
    }, { concurrency: "unbounded" })
    return new Map(located)
  })
