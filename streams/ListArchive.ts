/** What an archive holds, topic by topic. */
import { Effect, Stream } from "effect"
import type { ObjectStore, StoreError } from "../services/ObjectStore.ts"
import type { CodecError } from "../src/codec/CodecError.ts"
import { joinPath } from "../src/domain/ArchiveKey.ts"
import { ArchiveError } from "./archive/ArchiveError.ts"
import type { PartitionSummary } from "./archive/PartitionAccount.ts"
import { PartitionAccount } from "./archive/PartitionAccount.ts"
import { topicFiles } from "./archive/TopicFiles.ts"
import { storedFacts } from "./ArchiveFiles.ts"
import type { ChainedFile } from "./BranchChain.ts"
import type { Generation, Generations } from "./plan/Generations.ts"
import { findGenerations } from "./plan/Generations.ts"

export interface ListOptions {
  readonly prefix: string
  /** `undefined`: all. */
  readonly topic: string | undefined
  /** Asks every file for its facts, not only the first and the newest of each partition. */
  readonly deep: boolean
}

/** One life of a topic. */
export interface TopicSummary {
  readonly topic: string
  /** `undefined`: the first, which lies under the prefix itself. */
  readonly topicId: string | undefined
  /** Times that its log was cut back, and goes on in a branch. */
  readonly branches: number
  /** In ascending order. */
  readonly partitions: ReadonlyArray<PartitionSummary>
  /** Objects in its folders that are not archive files. */
  readonly strange: number
}

/** Files whose facts are asked for at once. */
const asksAtOnce = 16

type Accounts = Map<number, PartitionAccount>

const accountOf = (accounts: Accounts, file: ChainedFile): PartitionAccount => {
  const { partition } = file.archive
  const found = accounts.get(partition)
  if (found !== undefined) return found
  const made = new PartitionAccount(file)
  accounts.set(partition, made)
  return made
}

/** A damaged file is named, and the others are listed all the same. */
const knownFacts = (key: string) =>
  Effect.catchTag(
    storedFacts(key),
    "CodecError",
    ({ message }) => Effect.as(Effect.logWarning(message), undefined)
  )

const factsOf = (files: ReadonlyArray<ChainedFile>) =>
  Effect.forEach(files, ({ key }) => knownFacts(key), { concurrency: asksAtOnce })

/** Facts of the first and the newest file of each partition. */
const askEnds = (accounts: Accounts) =>
  Effect.forEach(accounts.values(), (account) =>
    Effect.gen(function*() {
      const { first, newest } = account
      for (const file of first === newest ? [first] : [first, newest]) {
        account.addFacts(yield* knownFacts(file.key))
      }
    }), { concurrency: asksAtOnce, discard: true })

const summaryOf = (generation: Generation, deep: boolean) =>
  Effect.gen(function*() {
    const accounts: Accounts = new Map()
    let strange = 0
    const pages = topicFiles(generation, () => strange++)
    yield* Stream.runForEach(pages, (page) =>
      Effect.gen(function*() {
        const facts = deep ? yield* factsOf(page) : undefined
        for (const [at, file] of page.entries()) {
          const account = accountOf(accounts, file)
          account.addFile(file)
          if (facts !== undefined) account.addFacts(facts[at])
        }
      }))
    if (!deep) yield* askEnds(accounts)
    const { branches, topic, topicId } = generation
    const partitions = [...accounts.values()].map((account) => account.summary())
      .sort((a, b) => a.partition - b.partition)
    return { topic, topicId, branches: branches.length, partitions, strange }
  })

const livesOf = (found: Generations, topic: string | undefined): ReadonlyArray<Generation> =>
  topic === undefined ? [...found.values()].flat() : found.get(topic) ?? []

const noTopic = ({ prefix, topic }: ListOptions, strange: number) => {
  const root = joinPath(prefix)
  const where = `under "${root === "" ? "" : `${root}/`}"`
  const wanted = topic === undefined ? "no topic" : `no topic ${topic}`
  const others = strange === 0 ? "" : `, but ${strange} objects in folders there`
  return new ArchiveError({
    reason: "NoTopic",
    message: `the archive has ${wanted} ${where}${others}`
  })
}

/**
 * Emits each life of each topic, by topic name. Reads listings, and facts where asked for. Fails
 * when there is nothing to emit.
 */
export const listArchive = (
  options: ListOptions
): Stream.Stream<TopicSummary, ArchiveError | StoreError | CodecError, ObjectStore> =>
  Stream.suspend(() => {
    let emitted = 0
    let strange = 0
    return findGenerations(options.prefix).pipe(
      Effect.map((found) => livesOf(found, options.topic)),
      Stream.fromIterableEffect,
      Stream.mapEffect((generation) => summaryOf(generation, options.deep)),
      Stream.filter((summary) => {
        strange += summary.strange
        if (summary.partitions.length > 0) emitted++
        return summary.partitions.length > 0
      }),
      Stream.concat(
        Stream.execute(Effect.suspend(() => emitted > 0 ? Effect.void : noTopic(options, strange)))
      )
    )
  })
