/** Which life of a topic is planned. */
import { Effect, Stream } from "effect"
import { parseArchiveKey, topicFolder } from "../../src/domain/ArchiveKey.ts"
import type { GenerationChoice } from "../../src/domain/Settings.ts"
import { storedFacts } from "../ArchiveFiles.ts"
import { PlanError } from "../PlanTopic.ts"
import { listObjects } from "../StoreReads.ts"
import type { Generation } from "./Generations.ts"

/** Files of one generation whose facts are asked for at once. */
const asksAtOnce = 8

interface Age {
  /** Of the newest record, milliseconds since the epoch. */
  readonly newestRecord: bigint
  /** Of the object written last, milliseconds since the epoch. */
  readonly lastWritten: number
}

/**
 * By the records in the newest file of each partition: what the store says changes when the
 * archive is copied.
 */
const ageOf = ({ branches, root, topic }: Generation) =>
  Effect.gen(function*() {
    const newest = new Map<string, string>()
    let lastWritten = 0
    for (const each of [root, ...branches]) {
      yield* Stream.runForEach(listObjects(topicFolder(each, topic)), (page) =>
        Effect.sync(() => {
          for (const { key, lastModified } of page) {
            const parsed = parseArchiveKey(key)
            if (parsed === undefined) continue
            newest.set(`${each} ${parsed.partition}`, key)
            lastWritten = Math.max(lastWritten, lastModified)
          }
        }))
    }
    const facts = yield* Effect.forEach(newest.values(), storedFacts, { concurrency: asksAtOnce })
    const newestRecord = facts.reduce(
      (max, each) => each !== undefined && each.maxTimestamp > max ? each.maxTimestamp : max,
      -1n
    )
    return { newestRecord, lastWritten }
  })

const isNewer = (a: Age, b: Age): boolean =>
  a.newestRecord === b.newestRecord
    ? a.lastWritten > b.lastWritten
    : a.newestRecord > b.newestRecord

/**
 * Later ones are newer than the first, since a topic gets a root beside the prefix only when there
 * is something else under it; among them the records decide.
 */
const newestOf = (lives: ReadonlyArray<Generation>) =>
  Effect.gen(function*() {
    const later = lives.filter(({ topicId }) => topicId !== undefined)
    if (later.length < 2) return later[0] ?? lives[0]
    const aged = yield* Effect.forEach(later, (generation) =>
      Effect.map(ageOf(generation), (age) => ({ generation, age })))
    return aged.reduce((best, each) =>
      isNewer(each.age, best.age) ? each : best
    ).generation
  })

/** The topic id of a generation, asked of its first file where the root does not tell. */
export const idOf = ({ root, topic, topicId }: Generation) =>
  topicId !== undefined
    ? Effect.succeed(topicId)
    : listObjects(topicFolder(root, topic)).pipe(
      Stream.mapConcat((page) => page.filter(({ key }) => parseArchiveKey(key) !== undefined)),
      Stream.take(1),
      Stream.mapEffect(({ key }) => storedFacts(key)),
      Stream.runHead,
      Effect.map((found) => found._tag === "Some" ? found.value?.topicId : undefined)
    )

const shown = (generation: Generation, topicId: string | undefined) =>
  generation.topicId === undefined
    ? `first (${topicId === undefined ? "written without a topic id" : `topic id ${topicId}`})`
    : generation.topicId

const withId = (lives: ReadonlyArray<Generation>, wanted: string) =>
  Effect.gen(function*() {
    const direct = lives.find(({ topicId }) => topicId === wanted)
    if (direct !== undefined) return direct
    const known = yield* Effect.forEach(lives, (generation) =>
      Effect.map(idOf(generation), (topicId) => ({ generation, topicId })))
    const found = known.find(({ topicId }) =>
      topicId === wanted
    )
    if (found !== undefined) return found.generation
    const there = known.map(({ generation, topicId }) => shown(generation, topicId)).join(", ")
    const message = `the archive has no generation ${wanted} of topic ${lives[0]?.topic}; it has: `
      + `${there}; choose one with -generation, or leave the topic out`
    return yield* new PlanError({ reason: "NoTopics", message })
  })

/** Says so when there was a choice. Fails for a topic that the wanted generation is not of. */
export const chooseGeneration = (lives: ReadonlyArray<Generation>, choice: GenerationChoice) =>
  Effect.gen(function*() {
    const chosen = typeof choice === "object"
      ? yield* withId(lives, choice.topicId)
      : yield* newestOf(lives)
    if (chosen !== undefined && lives.length > 1) {
      const others = lives.filter((each) => each !== chosen).map((each) => each.topicId ?? "first")
      const line = "the topic has more than one generation, another one with -generation"
      yield* (choice === "newest" ? Effect.logWarning(line) : Effect.logInfo(line)).pipe(
        Effect.annotateLogs({
          topic: chosen.topic,
          planned: chosen.topicId ?? "first",
          others: others.join(",")
        })
      )
    }
    return chosen
  })
