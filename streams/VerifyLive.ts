/** Compares the archive with the topics that it is an archive of, as they are in the cluster now. */
import { Effect, Stream } from "effect"
import type { ForeignSchema } from "../services/ForeignSchema.ts"
import type { KafkaError, TopicMetadata } from "../services/Kafka.ts"
import { Kafka } from "../services/Kafka.ts"
import type { ObjectStore, StoreError } from "../services/ObjectStore.ts"
import { Progress } from "../services/Progress.ts"
import type { Finding, FindingKind } from "./archive/Finding.ts"
import type { LivePartition, LiveSource } from "./archive/LivePartition.ts"
import { compareLive } from "./archive/LivePartition.ts"
import { partitionsOf } from "./archive/TopicFiles.ts"
import { makeLeaders } from "./Leaders.ts"
import { idOf } from "./plan/ChooseGeneration.ts"
import type { Generation, Generations } from "./plan/Generations.ts"
import { findGenerations } from "./plan/Generations.ts"
import { readConfigs } from "./PlanTopic.ts"
import { patiently } from "./ReadLog.ts"

export interface LiveOptions {
  readonly prefix: string
  /** `undefined`: all of the archive. */
  readonly topic: string | undefined
}

export type LiveEvent =
  | { readonly kind: "finding"; readonly finding: Finding }
  | { readonly kind: "compared"; readonly compared: LivePartition }

type Services = Kafka | ObjectStore | ForeignSchema
type Failure = KafkaError | StoreError

/** Partitions compared at once. */
const partitionsAtOnce = 2
/** Topics that one sentence names. */
const namesShown = 5

const finding = (
  severity: Finding["severity"],
  kind: FindingKind,
  where: { readonly topic: string; readonly partition?: number },
  message: string
): LiveEvent => ({
  kind: "finding",
  finding: {
    severity,
    kind,
    topic: where.topic,
    partition: where.partition,
    key: undefined,
    message
  }
})

/** The life that goes on in the cluster; one that does not tell its topic id may be it. */
const presentLife = (lives: ReadonlyArray<Generation>, topicId: string) =>
  Effect.gen(function*() {
    for (const life of lives.toReversed()) {
      // A file that is damaged is named by whoever reads all of it.
      const known = yield* Effect.catchTag(
        idOf(life),
        "CodecError",
        () => Effect.succeed(undefined)
      )
      if (known === undefined || known === topicId) return life
    }
    return undefined
  })

const partitionEvents = (
  source: LiveSource
): Stream.Stream<LiveEvent, Failure, Services> =>
  Stream.fromIterableEffect(
    Effect.map(compareLive(source), ({ compared, error, lost }): ReadonlyArray<LiveEvent> => [
      ...(error === undefined ? [] : [finding("error", "live", source.source, error)]),
      ...(lost === undefined ? [] : [finding("warning", "unarchived", source.source, lost)]),
      { kind: "compared", compared }
    ])
  )

/** Whether the log may lack records that it had: `undefined` when nobody may know. */
const isCompacted = (topic: string) =>
  Effect.map(
    readConfigs([topic], ["cleanup.policy"]),
    (configs) => configs.get(topic)?.["cleanup.policy"]?.includes("compact")
  )

const topicParts = (
  { metadata, lives }: {
    readonly metadata: TopicMetadata
    readonly lives: ReadonlyArray<Generation>
  }
) =>
  Stream.unwrap(Effect.gen(function*() {
    const { topic, topicId } = metadata
    const generation = yield* presentLife(lives, topicId)
    if (generation === undefined) {
      const message = `the topic was created again (topic id ${topicId}), ` +
        "and nothing of its present life is archived yet"
      return Stream.make(Stream.make(finding("warning", "unarchived", { topic }, message)))
    }
    const compacted = yield* isCompacted(topic)
    const there = yield* partitionsOf(generation)
    const live = metadata.partitions.map(({ partition }) => partition)
    const leaders = yield* makeLeaders
    leaders.learn([metadata])
    const counts = (yield* Progress).topic(topic)
    const gone = there.filter((partition) => !live.includes(partition))
    return Stream.fromIterable([
      ...(compacted === undefined
        ? [
          Stream.make(
            finding(
              "warning",
              "live",
              { topic },
              "its cleanup.policy may not be read: records that the log lacks are taken for compacted"
            )
          )
        ]
        : []),
      ...gone.map((partition) =>
        Stream.make(
          finding("error", "live", { topic, partition }, "the cluster has no such partition")
        )
      ),
      ...live.map((partition) =>
        partitionEvents({
          leaders,
          generation,
          source: { topic, partition },
          isThinned: compacted ?? true,
          counts
        })
      )
    ])
  }))

const missingTopics = (
  all: Generations,
  topics: ReadonlyArray<TopicMetadata>
): ReadonlyArray<LiveEvent> => {
  const live = new Set(topics.map(({ topic }) => topic))
  return [...all.keys()].filter((topic) => !live.has(topic)).map((topic) =>
    finding(
      "warning",
      "live",
      { topic },
      "the cluster has no such topic, or this user may not see it: there is nothing to compare with"
    )
  )
}

/** In one sentence: of hundreds that nobody wants to back up. */
const unarchivedTopics = (
  all: Generations,
  topics: ReadonlyArray<TopicMetadata>
): ReadonlyArray<LiveEvent> => {
  const names = topics.filter(({ internal, topic }) => !internal && !all.has(topic))
    .map(({ topic }) => topic).sort()
  const [first] = names
  if (first === undefined) return []
  const more = names.length > namesShown ? ` and ${names.length - namesShown} more` : ""
  const message = names.length === 1
    ? "the archive has nothing of this topic"
    : `the archive has nothing of ${names.length} topics: ${
      names.slice(0, namesShown).join(", ")
    }${more}`
  return [finding("warning", "unarchived", { topic: first }, message)]
}

/** Emits what differs, the first of each partition, and each partition when it is compared. */
export const verifyLive = (
  { prefix, topic }: LiveOptions
): Stream.Stream<LiveEvent, Failure, Services> =>
  Stream.unwrap(Effect.gen(function*() {
    const kafka = yield* Kafka
    const archived = yield* findGenerations(prefix)
    const all: Generations = topic === undefined
      ? archived
      : new Map([[topic, archived.get(topic) ?? []]])
    const metadata = yield* patiently("30 seconds")(kafka.metadata(undefined))
    const topics = metadata.topics.filter(({ error }) => error === undefined)
    const both = topics.flatMap((metadata) => {
      const lives = all.get(metadata.topic)
      return lives === undefined ? [] : [{ metadata, lives }]
    })
    return Stream.fromIterable([
      ...missingTopics(all, topics),
      ...(topic === undefined ? unarchivedTopics(all, topics) : [])
    ]).pipe(
      Stream.concat(
        Stream.fromIterable(both).pipe(
          Stream.flatMap(topicParts),
          Stream.flatMap((part) => part, { concurrency: partitionsAtOnce })
        )
      )
    )
  }))
