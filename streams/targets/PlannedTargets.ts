/** Which topics a plan needs where it is restored to, read from the whole plan before it is followed. */
import { Effect, Either, Stream } from "effect"
import type { KafkaError } from "../../services/Kafka.ts"
import type { Kafka } from "../../services/Kafka.ts"
import type { ObjectStore, StoreError } from "../../services/ObjectStore.ts"
import { CodecError } from "../../src/codec/CodecError.ts"
import { parseLaterRoot } from "../../src/domain/ArchiveKey.ts"
import type { PlannedFile } from "../../src/domain/Plan.ts"
import { fromPlanRecord } from "../../src/domain/Plan.ts"
import { isChosen, targetTopic } from "../../src/domain/RestoreChoice.ts"
import type { RestoreOptions } from "../../src/domain/Settings.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { storedFacts } from "../ArchiveFiles.ts"
import { findDefinitions } from "../definitions/ReadDefinitions.ts"
import type { Definitions } from "../definitions/ReadDefinitions.ts"
import { makeLeaders } from "../Leaders.ts"
import { findPlanTopic, logOffsets, PlanError, planPartitions, readPlan } from "../PlanTopic.ts"
import { withPatience } from "../StoreReads.ts"
import type { WantedTarget } from "./TargetPlan.ts"

export type TargetChoice = Pick<RestoreOptions, "planTopic" | "topicPrefix" | "exclude" | "choice">

export interface PlannedTargets {
  readonly wanted: ReadonlyArray<WantedTarget>
  /** By source. */
  readonly definitions: Definitions
}

interface Source {
  /** Of a file of the newest life that the plan has of the topic. */
  key: string
  prefix: string
  leastPartitions: number
}

/** The prefix of the archive that the file lies in. */
const prefixOf = ({ archive: { root } }: PlannedFile): string =>
  parseLaterRoot(root)?.prefix ?? root

const sourcesIn = (
  plan: ReadonlyArray<TopicPartition>,
  { choice, exclude }: TargetChoice
) =>
  Effect.gen(function*() {
    const leaders = yield* makeLeaders
    const sources = new Map<string, Source>()
    const [starts, ends] = [yield* logOffsets(plan, "earliest"), yield* logOffsets(plan, "stable")]
    for (const partition of plan) {
      const start = starts.get(partition.partition) ?? 0n
      const end = ends.get(partition.partition) ?? start
      yield* Stream.runForEach(readPlan(leaders, partition, start, end), ({ records }) =>
        Effect.sync(() => {
          for (const record of records) {
            const file = Either.getOrUndefined(fromPlanRecord(record))
            if (file === undefined || exclude(file.topic) || !isChosen(choice, file)) {
              continue
            }
            const { key, topic } = file
            const known = sources.get(topic)
            const leastPartitions = Math.max(known?.leastPartitions ?? 0, file.partition + 1)
            sources.set(topic, { key, prefix: prefixOf(file), leastPartitions })
          }
        }))
    }
    return sources
  })

/** Partitions that the topic had by the facts of the file; none when it has none or is damaged. */
const countOf = (key: string) =>
  Effect.map(withPatience(storedFacts(key)), (facts) => facts?.partitionCount ?? 0).pipe(
    Effect.catchIf((error) => error instanceof CodecError, () => Effect.succeed(0))
  )

const filesAtOnce = 16

/** The sources of the plan, read to its present end. */
const sourcesOf = (options: TargetChoice) =>
  Effect.gen(function*() {
    const topic = yield* findPlanTopic(yield* makeLeaders, options.planTopic)
    if (topic !== undefined) return yield* sourcesIn(planPartitions(topic), options)
    const message = `plan topic ${options.planTopic} does not exist: plan the restore first`
    return yield* new PlanError({ reason: "NoPlanTopic", message })
  })

export interface PlannedTopic extends WantedTarget {
  /** The plan has files of partitions below this. */
  readonly plannedPartitions: number
}

const topicsOf = (options: TargetChoice, sources: ReadonlyMap<string, Source>) =>
  Effect.forEach(
    sources,
    ([source, { key, leastPartitions }]) =>
      Effect.map(countOf(key), (count): PlannedTopic => ({
        source,
        target: targetTopic(options, source),
        plannedPartitions: leastPartitions,
        leastPartitions: Math.max(leastPartitions, count)
      })),
    { concurrency: filesAtOnce }
  )

type PlanReadError = PlanError | KafkaError | StoreError | CodecError

/** Reads the plan to its present end, for the topics alone. */
export const topicsInPlan = (
  options: TargetChoice
): Effect.Effect<ReadonlyArray<PlannedTopic>, PlanReadError, Kafka | ObjectStore> =>
  Effect.flatMap(sourcesOf(options), (sources) => topicsOf(options, sources))

/**
 * Reads the plan to its present end. What cannot be followed in it is left to the restore, which
 * names it. Of a topic with chosen partitions all count that its files tell of, for keys have been
 * spread over all of them.
 */
export const plannedTargets = (
  options: TargetChoice
): Effect.Effect<PlannedTargets, PlanReadError, Kafka | ObjectStore> =>
  Effect.gen(function*() {
    const sources = yield* sourcesOf(options)
    const topics = yield* topicsOf(options, sources)
    const wanted = topics.map(({ leastPartitions, source, target }) => (
      { source, target, leastPartitions }
    ))
    const prefixes = new Set([...sources.values()].map(({ prefix }) => prefix))
    const definitions = yield* Effect.forEach(prefixes, (prefix) =>
      findDefinitions(
        prefix,
        [...sources].flatMap(([source, each]) => each.prefix === prefix ? [source] : [])
      ))
    return { wanted, definitions: new Map(definitions.flatMap((each) => [...each])) }
  })
