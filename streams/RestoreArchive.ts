/**
 * The whole way back of topics in one process: looks at archive and cluster for what would stop the
 * restore later, follows the plan without a plan topic, and compares the outcome with the archive.
 */
import { Effect, Mailbox, Stream } from "effect"
import type { ForeignSchema } from "../services/ForeignSchema.ts"
import type { Kafka, KafkaError } from "../services/Kafka.ts"
import type { ObjectStore } from "../services/ObjectStore.ts"
import { targetTopic } from "../src/domain/RestoreChoice.ts"
import type { PlanOptions, RestoreRules } from "../src/domain/Settings.ts"
import { makeLeaders } from "./Leaders.ts"
import { planTopics } from "./plan/PlanTopics.ts"
import type { PlanRestoreError } from "./PlanRestore.ts"
import { planRestore, shaOf } from "./PlanRestore.ts"
import type { RestoreStep } from "./preflight/LookAhead.ts"
import { lookAhead, plainLook } from "./preflight/LookAhead.ts"
import type { Obstacle } from "./preflight/Preflight.ts"
import { surveyPlan } from "./preflight/Survey.ts"
import { makeRestoreContext } from "./restore/MakeContext.ts"
import { followPlan } from "./restore/MemoryPlan.ts"
import type { OwnershipLost, RestoredFile, RestoreIncomplete } from "./restore/Outcome.ts"
import { compareRestored } from "./VerifyRestored.ts"

export interface RestoreArchiveOptions {
  readonly plan: Omit<PlanOptions, "dryRun" | "planTopic" | "planTopicPartitions">
  readonly rules: RestoreRules
}

export interface RestoreSurvey {
  /** In the order in which they are restored. */
  readonly steps: ReadonlyArray<RestoreStep>
  /** All that is in the way, together. */
  readonly obstacles: ReadonlyArray<Obstacle>
}

export type RestoreArchiveError = PlanRestoreError | RestoreIncomplete | OwnershipLost

type Services = Kafka | ObjectStore | ForeignSchema

const planOptions = ({ plan }: RestoreArchiveOptions): PlanOptions => ({
  ...plan,
  planTopic: "",
  planTopicPartitions: undefined,
  dryRun: true
})

/** Reads what the plan comes to. Writes nothing. */
export const surveySteps = (
  options: RestoreArchiveOptions
): Effect.Effect<ReadonlyArray<RestoreStep>, PlanRestoreError | KafkaError, Services> =>
  Effect.map(
    surveyPlan(planRestore(planOptions(options))),
    (surveyed) =>
      surveyed.map((source) => ({ source, target: targetTopic(options.rules, source.topic) }))
  )

/** Reads what the plan comes to, and asks the cluster whether it can be done. Writes nothing. */
export const surveyRestore = (
  options: RestoreArchiveOptions
): Effect.Effect<RestoreSurvey, PlanRestoreError | KafkaError, Services> =>
  Effect.gen(function*() {
    const steps = yield* surveySteps(options)
    const { failOnExistingData } = options.rules
    const obstacles = yield* lookAhead(steps, { ...plainLook, failOnExistingData })
    return { steps, obstacles }
  })

const run = (
  options: RestoreArchiveOptions,
  { steps }: Pick<RestoreSurvey, "steps">,
  emit: (file: RestoredFile) => Effect.Effect<void>
): Effect.Effect<void, RestoreArchiveError, Services> =>
  Effect.gen(function*() {
    const leaders = yield* makeLeaders
    const shared = yield* makeRestoreContext(options.rules, leaders, emit)
    // Whoever runs the same again takes over from a process that was thought dead.
    const sha = yield* shaOf(steps.map(({ target }) => target))
    yield* followPlan(shared, {
      files: planRestore(planOptions(options)),
      targets: steps.flatMap(({ source, target }) =>
        [...source.partitions].map((partition) => ({ topic: target, partition }))
      ),
      takeoverId: `kafka-data-keep-restore-${sha.slice(0, 16)}`
    })
  })

/**
 * Emits each file whose records are all in the target, acknowledged; as skipped when they were
 * before. Ends when all is restored. Stopped at any moment and begun again, it goes on.
 */
export const restoreArchive = (
  options: RestoreArchiveOptions,
  survey: Pick<RestoreSurvey, "steps">
): Stream.Stream<RestoredFile, RestoreArchiveError, Services> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const files = yield* Mailbox.make<RestoredFile, RestoreArchiveError>({ capacity: 64 })
    yield* run(options, survey, (file) => Effect.asVoid(files.offer(file))).pipe(
      Mailbox.into(files),
      Effect.forkScoped
    )
    return Mailbox.toStream(files)
  }))

/** Compares what has been restored with the archive, record by record. */
export const verifyRestoredArchive = (options: RestoreArchiveOptions) =>
  Stream.unwrap(
    Effect.map(
      planTopics(planOptions(options)),
      (generations) => compareRestored(generations, options.rules)
    )
  )
