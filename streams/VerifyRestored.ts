/** Proves that restored topics hold what the archive holds, record by record, in little memory. */
import { Effect, Stream } from "effect"
import type { ForeignSchema } from "../services/ForeignSchema.ts"
import type { KafkaError } from "../services/Kafka.ts"
import { Kafka } from "../services/Kafka.ts"
import type { ObjectStore, StoreError } from "../services/ObjectStore.ts"
import type { TopicCounts } from "../services/Progress.ts"
import { Progress } from "../services/Progress.ts"
import type { CodecError } from "../src/codec/CodecError.ts"
import { RecordComparison } from "../src/codec/RecordComparison.ts"
import type { RestoreChoice, TargetNames } from "../src/domain/RestoreChoice.ts"
import { isChosen, rangeOf, targetTopic } from "../src/domain/RestoreChoice.ts"
import type { TopicPartition } from "../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../src/domain/TopicPartition.ts"
import { archivePages } from "./archive/ArchiveSide.ts"
import type { Finding } from "./archive/Finding.ts"
import { logEnds, logPages } from "./archive/LogSide.ts"
import { neededFiles } from "./archive/NeededFiles.ts"
import { differenceOf, restoredRules } from "./archive/RestoredRecords.ts"
import { sideOf } from "./archive/Side.ts"
import { sideBySide } from "./archive/SideBySide.ts"
import { partitionsOf } from "./archive/TopicFiles.ts"
import { decoding } from "./Decoding.ts"
import type { Leaders } from "./Leaders.ts"
import { makeLeaders } from "./Leaders.ts"
import { chooseGeneration } from "./plan/ChooseGeneration.ts"
import type { Generation } from "./plan/Generations.ts"
import { findGenerations } from "./plan/Generations.ts"
import type { PlanError } from "./PlanTopic.ts"
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

type Services = Kafka | ObjectStore | ForeignSchema

type ComparisonFailure = KafkaError | StoreError | CodecError

/** Partitions compared at once. */
const partitionsAtOnce = 2

const compare = (
  leaders: Leaders,
  generation: Generation,
  target: TopicPartition,
  choice: RestoreChoice,
  counts: TopicCounts
) =>
  Effect.scoped(Effect.gen(function*() {
    const { partition } = target
    const range = rangeOf(choice, { topic: generation.topic, partition })
    const place = topicPartitionName(target)
    const walking = <A>(walk: () => A) => decoding(place, walk)
    const comparison = new RecordComparison(restoredRules)
    const files = neededFiles(generation, partition, range)
    const parting = yield* sideBySide<ComparisonFailure, Services>({
      archive: yield* sideOf(archivePages(files, range), walking),
      log: yield* sideOf(logPages(leaders, target, yield* logEnds(target)), walking),
      comparison,
      counts,
      place,
      isExcused: () => Effect.succeed(false)
    })
    return { records: comparison.records, difference: differenceOf(parting) }
  })).pipe(Effect.catchTag("CodecError", ({ message }) =>
    Effect.succeed({ records: 0, difference: `it cannot be compared: ${message}` })))

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
  PlanError | ComparisonFailure,
  Services
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
