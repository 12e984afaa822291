/** Which topics of the archive a plan takes, and in which order. */
import { Effect, Stream } from "effect"
import { joinPath, topicFolder } from "../../src/domain/ArchiveKey.ts"
import type { RestoreChoice } from "../../src/domain/RestoreChoice.ts"
import { clashOf, topicsNamed } from "../../src/domain/RestoreChoice.ts"
import type { PlanOptions } from "../../src/domain/Settings.ts"
import { PlanError } from "../PlanTopic.ts"
import { listObjects } from "../StoreReads.ts"
import { chooseGeneration } from "./ChooseGeneration.ts"
import type { Generation } from "./Generations.ts"
import { findGenerations, firstGenerations } from "./Generations.ts"

type Choice = Pick<PlanOptions, "topics" | "exclude">

/**
 * By expression of the list, each topic with the first that matches it; within one, in the order
 * in which the store lists the folders.
 */
export const chooseTopics = (listed: ReadonlyArray<string>, choice: Choice): Array<string> => {
  const chosen = choice.topics.map((): Array<string> => [])
  for (const topic of listed) {
    if (choice.exclude(topic)) continue
    chosen[choice.topics.findIndex((matches) => matches(topic))]?.push(topic)
  }
  return chosen.flat()
}

/** The large ones behind all others, both in the order they had. */
export const largeLast = <A>(
  topics: ReadonlyArray<A>,
  isLarge: (topic: A) => boolean
): Array<A> => [
  ...topics.filter((topic) => !isLarge(topic)),
  ...topics.filter((topic) => isLarge(topic))
]

/** Bytes of all files of the generation. */
const bytesOf = ({ branches, root, topic }: Generation) =>
  Effect.reduce([root, ...branches], 0, (sum, each) =>
    Stream.runFold(
      listObjects(topicFolder(each, topic)),
      sum,
      (bytes, page) => page.reduce((total, { size }) => total + size, bytes)
    ))

/** Fails when the choice is about a topic that is not there, or would mix two. */
const checkNames = (choice: RestoreChoice, topics: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const unknown = [...topicsNamed(choice)].filter((topic) => !topics.includes(topic))
    if (unknown.length > 0) {
      const message =
        "-rename, -partitions or -to-offset name what is not among the topics to be " +
        `restored: ${unknown.join(", ")}`
      return yield* new PlanError({ reason: "NoTopics", message })
    }
    for (const topic of topics) {
      const other = clashOf(choice, topic)
      if (other === undefined) continue
      const message = `${other} cannot be renamed to ${topic}, which is to be restored too: ` +
        "rename both, or leave one out"
      return yield* new PlanError({ reason: "Clash", message })
    }
  })

/** Topics looked into at once. */
const topicsAtOnce = 8

/** What to plan of each topic, in plan order. */
export const planTopics = (options: PlanOptions) =>
  Effect.gen(function*() {
    const found = yield* options.generation === "first"
      ? firstGenerations(options.prefix)
      : findGenerations(options.prefix)
    const listed = [...found.keys()]
    const topics = chooseTopics(listed, options)
    if (topics.length === 0) {
      const root = joinPath(options.prefix)
      const place = root === "" ? "" : `${root}/`
      const message = listed.length === 0
        ? `the archive has no topic under "${place}"`
        : `none of the ${listed.length} topics under "${place}" is to be restored`
      return yield* new PlanError({ reason: "NoTopics", message })
    }
    yield* checkNames(options.choice, topics)
    const chosen = (yield* Effect.forEach(
      topics,
      (topic) => chooseGeneration(found.get(topic) ?? [], options.generation),
      { concurrency: topicsAtOnce }
    )).flatMap((generation) => generation ?? [])
    if (!options.processLargeTopicsLast) return chosen
    const sizes = yield* Effect.forEach(chosen, bytesOf, { concurrency: topicsAtOnce })
    const size = new Map(chosen.map((generation, at) => [generation, sizes[at] ?? 0]))
    const threshold = options.largeTopicThresholdMb * 1024 ** 2
    return largeLast(chosen, (generation) => (size.get(generation) ?? 0) > threshold)
  })
