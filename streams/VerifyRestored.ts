/** Proves that restored topics hold what the archive holds, record by record, in little memory. */
import { Chunk, Effect, Option, Stream } from "effect"
import type { ForeignSchema } from "../services/ForeignSchema.ts"
import type { KafkaError } from "../services/Kafka.ts"
import { Kafka } from "../services/Kafka.ts"
import type { ObjectStore, StoreError } from "../services/ObjectStore.ts"
import type { TopicCounts } from "../services/Progress.ts"
import { Progress } from "../services/Progress.ts"
import type { CodecError } from "../src/codec/CodecError.ts"
import type { RestoreChoice, TargetNames } from "../src/domain/RestoreChoice.ts"
import { isChosen, rangeOf, targetTopic } from "../src/domain/RestoreChoice.ts"
import type { TopicPartition } from "../src/domain/TopicPartition.ts"
import type { Finding } from "./archive/Finding.ts"
import { differenceOf } from "./archive/RestoredRecords.ts"
import { partitionsOf } from "./archive/TopicFiles.ts"
import type { CatError } from "./CatArchive.ts"
import { catPartition } from "./CatArchive.ts"
import type { Leaders } from "./Leaders.ts"
import { makeLeaders } from "./Leaders.ts"
import { chooseGeneration } from "./plan/ChooseGeneration.ts"
import type { Generation } from "./plan/Generations.ts"
import { findGenerations } from "./plan/Generations.ts"
import { logOffsets, readPlan } from "./PlanTopic.ts"
import { patiently } from "./ReadLog.ts"

export interface RestoredOptions extends TargetNames {
  readonly prefix: string
  /** By its name in the archive; `undefined`: all. */
  readonly topic: string | undefined
}

/** A restored partition has been compared. */
export interface ComparedPartition extends TopicPartition {
  readonly records: number
}

export type RestoredEvent =
  | { readonly kind: "finding"; readonly finding: Finding }
  | { readonly kind: "compared"; readonly compared: ComparedPartition }

/** Partitions compared at once, and blocks or pages of each read ahead. */
const partitionsAtOnce = 4
const readAhead = 2

/** Elements one by one, without an effect for each that is there already. */
const puller = <A, E, R>(stream: Stream.Stream<ReadonlyArray<A>, E, R>) =>
  Effect.map(Stream.toPull(Stream.buffer(stream, { capacity: readAhead })), (pull) => {
    let items: ReadonlyArray<A> = []
    let at = 0
    let ended = false
    const fill: Effect.Effect<void, E, R> = Effect.suspend(() => {
      if (at < items.length || ended) return Effect.void
      return Effect.matchEffect(pull, {
        onSuccess: (next) => {
          items = Chunk.toReadonlyArray(next).flat()
          at = 0
          return fill
        },
        onFailure: Option.match({
          onNone: () => Effect.sync(() => void (ended = true)),
          onSome: (error: E) => Effect.fail(error)
        })
      })
    })
    return {
      /** Waits until there is an element, or the end. */
      fill,
      left: () => items.length - at,
      next: (): A | undefined => items[at++]
    }
  })

/** The committed records of the target as it is now. */
const restoredRecords = (leaders: Leaders, target: TopicPartition) =>
  Stream.unwrap(Effect.gen(function*() {
    const from = (yield* logOffsets([target], "earliest")).get(target.partition) ?? 0n
    const end = (yield* logOffsets([target], "stable")).get(target.partition) ?? from
    return Stream.map(
      readPlan(leaders, target, from, end),
      ({ records }) => records.filter(({ offset }) => offset < end)
    )
  }))

const compare = (
  leaders: Leaders,
  generation: Generation,
  target: TopicPartition,
  choice: RestoreChoice,
  counts: TopicCounts
) =>
  Effect.scoped(Effect.gen(function*() {
    const range = rangeOf(choice, { topic: generation.topic, partition: target.partition })
    const archived = yield* puller(catPartition(generation, target.partition, range))
    const restored = yield* puller(restoredRecords(leaders, target))
    let records = 0
    let difference: string | undefined
    while (difference === undefined) {
      yield* archived.fill
      yield* restored.fill
      const count = Math.min(archived.left(), restored.left())
      if (count === 0) {
        difference = differenceOf(archived.next(), restored.next())
        break
      }
      for (let at = 0; at < count && difference === undefined; at++) {
        difference = differenceOf(archived.next(), restored.next())
        records++
      }
      counts.records += count
    }
    return { records, difference }
  }))

const finding = (target: TopicPartition | string, message: string): RestoredEvent => ({
  kind: "finding",
  finding: {
    severity: "error",
    kind: "restored",
    topic: typeof target === "string" ? target : target.topic,
    partition: typeof target === "string" ? undefined : target.partition,
    key: undefined,
    message
  }
})

const partitionEvents = (
  leaders: Leaders,
  generation: Generation,
  target: TopicPartition,
  choice: RestoreChoice
) =>
  Stream.fromIterableEffect(Effect.map(
    Effect.flatMap(
      Progress,
      (progress) => compare(leaders, generation, target, choice, progress.topic(target.topic))
    ),
    ({ difference, records }): ReadonlyArray<RestoredEvent> => [
      ...(difference === undefined ? [] : [finding(target, difference)]),
      { kind: "compared", compared: { ...target, records } }
    ]
  ))

/** Partitions of the target; `undefined`: there is no such topic. */
const partitionCount = (topic: string) =>
  Effect.flatMap(
    Kafka,
    (kafka) =>
      Effect.map(patiently("30 seconds")(kafka.metadata([topic])), ({ topics }) => {
        const found = topics.find((one) => one.topic === topic)
        return found === undefined || found.error !== undefined
          ? undefined
          : found.partitions.length
      })
  )

const topicParts = (leaders: Leaders, generation: Generation, names: TargetNames) =>
  Stream.unwrap(Effect.gen(function*() {
    const { topic } = generation
    const target = targetTopic(names, topic)
    const partitions = (yield* partitionsOf(generation)).filter((partition) =>
      isChosen(names.choice, { topic, partition })
    )
    const count = yield* partitionCount(target)
    if (count === undefined) {
      return Stream.make(Stream.make(finding(target, "the topic is not there")))
    }
    return Stream.map(Stream.fromIterable(partitions), (partition) =>
      partition < count
        ? partitionEvents(leaders, generation, { topic: target, partition }, names.choice)
        : Stream.make(finding({ topic: target, partition }, "the partition is not there")))
  }))

/** Emits what differs, the first of each partition, and each partition when it is compared. */
export const compareRestored = (generations: ReadonlyArray<Generation>, names: TargetNames) =>
  Stream.unwrap(
    Effect.map(makeLeaders, (leaders) =>
      Stream.fromIterable(generations).pipe(
        Stream.flatMap((generation) => topicParts(leaders, generation, names)),
        Stream.flatMap((part) => part, { concurrency: partitionsAtOnce })
      ))
  )

/** The same for the newest life of each topic. */
export const verifyRestored = (
  { choice, prefix, topic, topicPrefix }: RestoredOptions
): Stream.Stream<
  RestoredEvent,
  CatError | KafkaError | StoreError | CodecError,
  Kafka | ObjectStore | ForeignSchema
> =>
  Stream.unwrap(Effect.gen(function*() {
    const all = yield* findGenerations(prefix)
    const topics = [...all].filter(([name]) => topic === undefined || name === topic)
    const newest = yield* Effect.forEach(
      topics,
      ([, lives]) => chooseGeneration(lives, "newest")
    )
    return compareRestored(newest.flatMap((each) => each ?? []), { choice, topicPrefix })
  }))
