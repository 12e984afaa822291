/** The lives of topics that an archive holds: the first under the prefix, later ones beside it. */
import { Effect } from "effect"
import type { StoreError } from "../../services/ObjectStore.ts"
import type { ObjectStore } from "../../services/ObjectStore.ts"
import type { LaterRoot } from "../../src/domain/ArchiveKey.ts"
import { generationsFolder, joinPath, parseLaterRoot } from "../../src/domain/ArchiveKey.ts"
import { listFolders } from "../StoreReads.ts"

/** One life of one topic. */
export interface Generation {
  readonly topic: string
  /** What its keys begin with, without the slash between. */
  readonly root: string
  /** `undefined`: the first one, whose keys do not tell. */
  readonly topicId: string | undefined
  /** Roots of its branches, the oldest first: logs that were cut back go on there. */
  readonly branches: ReadonlyArray<string>
}

/** By topic, the first generation in front; topics in the order of their folders. */
export type Generations = ReadonlyMap<string, ReadonlyArray<Generation>>

/** Listings that go on at once. */
const listings = 8

const foldersOf = (root: string): Effect.Effect<ReadonlyArray<string>, StoreError, ObjectStore> => {
  const start = root === "" ? "" : `${root}/`
  return Effect.map(
    listFolders(start),
    (folders) =>
      folders.map((folder) => folder.slice(start.length, -1)).filter((topic) => topic !== "")
  )
}

/** Roots below `<prefix>.generations/`, and the topics in each: one, or none. */
const laterRoots = (prefix: string) =>
  Effect.gen(function*() {
    const roots = (yield* listFolders(generationsFolder(prefix))).flatMap((folder) =>
      parseLaterRoot(folder.slice(0, -1)) ?? []
    )
    return yield* Effect.forEach(
      roots,
      (later) => Effect.map(foldersOf(later.root), (topics) => ({ later, topics })),
      { concurrency: listings }
    )
  })

const compareFolders = (a: string, b: string): number =>
  Buffer.compare(Buffer.from(`${a}/`), Buffer.from(`${b}/`))

const byEpoch = (a: LaterRoot, b: LaterRoot): number => (a.leaderEpoch ?? 0) - (b.leaderEpoch ?? 0)

const describe = (
  topic: string,
  first: string | undefined,
  roots: ReadonlyArray<LaterRoot>
): ReadonlyArray<Generation> => {
  const lives = roots.filter(({ leaderEpoch }) => leaderEpoch === undefined)
  const branches = roots.filter(({ leaderEpoch }) => leaderEpoch !== undefined).sort(byEpoch)
  const known = new Set(lives.map(({ topicId }) => topicId))
  const of = (mine: (branch: LaterRoot) => boolean) => branches.filter(mine).map(({ root }) => root)
  return [
    ...(first === undefined ? [] : [{
      topic,
      root: first,
      topicId: undefined,
      branches: of(({ topicId }) => !known.has(topicId))
    }]),
    ...lives.map(({ root, topicId }) => (
      { topic, root, topicId, branches: of((branch) => branch.topicId === topicId) }
    ))
  ]
}

/** All lives of all topics. With an empty prefix there are no later ones. */
export const findGenerations = (
  prefix: string
): Effect.Effect<Generations, StoreError, ObjectStore> =>
  Effect.gen(function*() {
    const root = joinPath(prefix)
    const first = new Set(yield* foldersOf(root))
    const later = new Map<string, Array<LaterRoot>>()
    for (const found of root === "" ? [] : yield* laterRoots(prefix)) {
      for (const topic of found.topics) {
        const roots = later.get(topic) ?? []
        later.set(topic, roots)
        roots.push(found.later)
      }
    }
    const topics = [...new Set([...first, ...later.keys()])].sort(compareFolders)
    return new Map(topics.map((topic) => [
      topic,
      describe(topic, first.has(topic) ? root : undefined, later.get(topic) ?? [])
    ]))
  })

/** What lies under the prefix itself, and nothing else, as the original sees it. */
export const firstGenerations = (
  prefix: string
): Effect.Effect<Generations, StoreError, ObjectStore> => {
  const root = joinPath(prefix)
  return Effect.map(
    foldersOf(root),
    (topics) =>
      new Map(topics.map((topic) => [topic, [{ topic, root, topicId: undefined, branches: [] }]]))
  )
}
