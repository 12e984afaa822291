/** Which topics of the archive a plan takes, and in which order. */
import { Effect, Stream } from "effect"
import { joinPath } from "../../src/domain/ArchiveKey.ts"
import type { PlanOptions } from "../../src/domain/Settings.ts"
import { PlanError } from "../PlanTopic.ts"
import { listFolders, listObjects } from "../StoreReads.ts"

type Choice = Pick<PlanOptions, "topics" | "exclude">

/** Where the archive's keys begin: the prefix with a slash, nothing for an empty prefix. */
export const archiveRoot = (prefix: string): string => {
  const root = joinPath(prefix)
  return root === "" ? "" : `${root}/`
}

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
export const largeLast = (
  topics: ReadonlyArray<string>,
  isLarge: (topic: string) => boolean
): Array<string> => [
  ...topics.filter((topic) => !isLarge(topic)),
  ...topics.filter((topic) => isLarge(topic))
]

const bytesOf = (prefix: string) =>
  Stream.runFold(
    listObjects(prefix),
    0,
    (sum, page) => page.reduce((bytes, { size }) => bytes + size, sum)
  )

/** Listings that go on at once while topics are measured. */
const listings = 8

/** The topics to plan, in plan order. */
export const planTopics = (options: PlanOptions) =>
  Effect.gen(function*() {
    const root = archiveRoot(options.prefix)
    const folders = yield* listFolders(root)
    const listed = folders.map((folder) => folder.slice(root.length, -1)).filter((topic) =>
      topic !== ""
    )
    const topics = chooseTopics(listed, options)
    if (topics.length === 0) {
      const message = listed.length === 0
        ? `the archive has no topic under "${root}"`
        : `none of the ${listed.length} topics under "${root}" is to be restored`
      return yield* new PlanError({ reason: "NoTopics", message })
    }
    if (!options.processLargeTopicsLast) return topics
    const sizes = yield* Effect.forEach(topics, (topic) => bytesOf(`${root}${topic}/`), {
      concurrency: listings
    })
    const size = new Map(topics.map((topic, at) => [topic, sizes[at] ?? 0]))
    const threshold = options.largeTopicThresholdMb * 1024 ** 2
    return largeLast(topics, (topic) => (size.get(topic) ?? 0) > threshold)
  })
