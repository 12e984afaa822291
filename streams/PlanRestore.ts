/**
 * Plans a restore: every archive file of the chosen topics becomes a record in the plan topic, in
 * the order in which the files are to be restored. Can be repeated: each file is planned once.
 */
import { Chunk, Effect, Metric, Stream } from "effect"
import type { ForeignSchema } from "../services/ForeignSchema.ts"
import type { Kafka, KafkaError } from "../services/Kafka.ts"
import { planPartitionTotalFiles, planTopicProgress } from "../services/Metrics.ts"
import type { ObjectStore, StoreError } from "../services/ObjectStore.ts"
import type { CodecError } from "../src/codec/CodecError.ts"
import { joinPath, topicFolder } from "../src/domain/ArchiveKey.ts"
import type { PlannedFile } from "../src/domain/Plan.ts"
import type { PlanOptions } from "../src/domain/Settings.ts"
import { makeLeaders } from "./Leaders.ts"
import { branchedTopic } from "./plan/BranchedTopic.ts"
import { chosenKeys } from "./plan/ChosenFiles.ts"
import { ensurePlanTopic } from "./plan/EnsurePlanTopic.ts"
import type { Generation } from "./plan/Generations.ts"
import { judgeLate } from "./plan/Late.ts"
import type { PlanHistory } from "./plan/PlanHistory.ts"
import { fileMark, plannedOf, readHistory } from "./plan/PlanHistory.ts"
import type { ArchiveFile } from "./plan/PlanPage.ts"
import { enlist, sortPage } from "./plan/PlanPage.ts"
import { planTopics } from "./plan/PlanTopics.ts"
import { makePlanWriter } from "./plan/PlanWriter.ts"
import { PlanError, planPartitions } from "./PlanTopic.ts"
import { listObjects } from "./StoreReads.ts"

export type PlanRestoreError = PlanError | KafkaError | StoreError | CodecError

/** `root`: of the generation that the files are of. */
type Write = (
  files: ReadonlyArray<PlannedFile>,
  root: string
) => Effect.Effect<void, KafkaError, Kafka>

/** Keys of one page where the store's own pages are not kept. */
const pageSize = 1000

/** Values of the progress gauge, as the original has them. */
const progress = { pending: 0, planned: 1 }

/** SHA-256 of the names joined by commas, in hex. */
export const shaOf = (topics: ReadonlyArray<string>): Effect.Effect<string> =>
  Effect.map(
    Effect.promise(() => crypto.subtle.digest("SHA-256", Buffer.from(topics.join(",")))),
    (digest) => Buffer.from(digest).toString("hex")
  )

/** What the plan topic holds already, and how to add to it; nothing of the kind in a dry run. */
const openPlan = (
  options: PlanOptions,
  generations: ReadonlyArray<Generation>,
  topicsSha: string
) =>
  Effect.gen(function*() {
    const write: Write = () => Effect.void
    if (options.dryRun) return { history: new Map() satisfies PlanHistory, write }
    const leaders = yield* makeLeaders
    const topic = yield* ensurePlanTopic(leaders, options)
    const partitions = planPartitions(topic)
    const history = yield* readHistory(leaders, partitions, {
      root: joinPath(options.prefix),
      generations: new Map(generations.map((each) => [each.topic, each])),
      topicsSha,
      partitions: partitions.length
    })
    return { history, write: yield* makePlanWriter(leaders, options.planTopic, partitions.length) }
  })

const warnStrange = (keys: ReadonlyArray<string>) =>
  Effect.forEach(
    keys,
    (key) =>
      Effect.logWarning("not an archive file, left out of the plan").pipe(
        Effect.annotateLogs({ key })
      ),
    { discard: true }
  )

/** Files to plan, a page at a time, in plan order. */
const pagesOf = (generation: Generation, history: PlanHistory) => {
  const { branches, root, topic } = generation
  if (branches.length === 0) {
    return Stream.map(
      listObjects(topicFolder(root, topic)),
      (page) => page.map(({ key }) => key)
    )
  }
  return Stream.unwrap(Effect.gen(function*() {
    const { kept, replaced, strange } = yield* branchedTopic(generation)
    for (const { archive, key } of replaced) {
      if (!plannedOf(history, archive).files.has(fileMark(root, archive))) continue
      const message = `the plan holds ${key}, whose records have been written again since, in a `
        + "later leader epoch; plan into another plan topic"
      return yield* new PlanError({ reason: "Disorder", message })
    }
    const keys = [...strange, ...kept.map(({ key }) => key)]
    return Stream.map(Stream.grouped(Stream.fromIterable(keys), pageSize), Chunk.toReadonlyArray)
  }))
}

/** Fails after everything else has been planned, because nothing may be left out silently. */
const refuseLate = (late: ReadonlyArray<string>) =>
  Stream.execute(Effect.suspend(() => {
    if (late.length === 0) return Effect.void
    const message =
      `archive files that appeared in front of planned ones can no longer be planned ` +
      `in order (${late.length}): ${late.slice(0, 5).join(", ")}${late.length > 5 ? ", …" : ""}; ` +
      "nothing more of their partitions is planned; plan into another plan topic"
    return Effect.fail(new PlanError({ reason: "Disorder", message }))
  }))

/**
 * Emits each newly planned file, in plan order, after the plan topic has acknowledged its page.
 * A dry run emits the whole plan and leaves Kafka alone. Ends when all is planned.
 */
export const planRestore = (
  options: PlanOptions
): Stream.Stream<PlannedFile, PlanRestoreError, Kafka | ObjectStore | ForeignSchema> =>
  Stream.unwrap(Effect.gen(function*() {
    const generations = yield* planTopics(options)
    const topicsSha = yield* shaOf(generations.map(({ topic }) => topic))
    const { history, write } = yield* openPlan(options, generations, topicsSha)
    const refused: Array<string> = []

    const report = (topic: string, value: number) =>
      Metric.set(planTopicProgress(topicsSha, topic), value)

    const planLate = (file: ArchiveFile, generation: Generation) =>
      Effect.gen(function*() {
        const known = plannedOf(history, file.archive)
        const verdict = known.isClosed
          ? "cut off"
          : yield* judgeLate(file, generation.root, history)
        yield* Effect.logDebug("a file begins in front of planned ones").pipe(
          Effect.annotateLogs({ key: file.key, verdict })
        )
        if (verdict === "continues") return [enlist(file, generation, topicsSha, history)]
        if (verdict === "cut off") {
          known.isClosed = true
          refused.push(file.key)
        }
        return []
      })

    const planOne = (generation: Generation, keys: ReadonlyArray<string>) =>
      Effect.gen(function*() {
        const chosen = yield* chosenKeys(keys, options.choice)
        const { fresh, late, partitions, strange } = sortPage(chosen, generation, history)
        yield* warnStrange(strange)
        const files = (yield* Effect.forEach(late, (file) => planLate(file, generation))).flat()
        for (const file of fresh) {
          if (plannedOf(history, file.archive).isClosed) continue
          files.push(enlist(file, generation, topicsSha, history))
        }
        yield* write(files, generation.root)
        for (const partition of partitions) {
          const total = plannedOf(history, { topic: generation.topic, partition }).lastIndex
          yield* Metric.set(planPartitionTotalFiles(topicsSha, generation.topic, partition), total)
        }
        return files
      })

    const planTopic = (generation: Generation) =>
      pagesOf(generation, history).pipe(
        Stream.mapEffect((keys) => planOne(generation, keys)),
        Stream.mapConcat((files) => files),
        Stream.concat(Stream.execute(report(generation.topic, progress.planned)))
      )

    yield* Effect.forEach(generations, ({ topic }) => report(topic, progress.pending), {
      discard: true
    })
    return Stream.fromIterable(generations).pipe(
      Stream.flatMap(planTopic),
      Stream.concat(refuseLate(refused))
    )
  }))
