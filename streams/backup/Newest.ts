/** Finding the newest archive file of a partition, and what it says of itself. */
import { Effect, Option, Stream } from "effect"
import type { StoreError } from "../../services/ObjectStore.ts"
import { ObjectStore } from "../../services/ObjectStore.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import { factsFromMetadata } from "../../src/codec/FactsMetadata.ts"
import { archiveKey, parseArchiveKey, partitionFolder } from "../../src/domain/ArchiveKey.ts"
import type { FileFacts } from "../../src/domain/FileFacts.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { storedFacts } from "../ArchiveFiles.ts"
import { listObjects, readObject } from "../StoreReads.ts"
import { fileDigests, lastOffset } from "./Digests.ts"
import type { NewestKey, Survey } from "./Survey.ts"

export interface NewestFile extends NewestKey {
  /** `undefined`: written by a program that records none. */
  readonly facts: FileFacts | undefined
}

/** What the file says of itself. */
export const describeFile = (key: string, firstOffset: bigint) =>
  Effect.map(storedFacts(key), (facts): NewestFile => ({ key, firstOffset, facts }))

/** The highest key of the partition's files that are listed after the key `after`. */
const lastKey = (root: string, source: TopicPartition, after: string) =>
  listObjects(partitionFolder(root, source), after).pipe(
    Stream.runFold(
      undefined as NewestKey | undefined,
      (newest, page) => {
        for (let at = page.length - 1; at >= 0; at--) {
          const key = page[at]?.key ?? ""
          const parsed = parseArchiveKey(key)
          if (parsed !== undefined && isOf(parsed, source)) {
            return { key, firstOffset: parsed.firstOffset }
          }
        }
        return newest
      }
    )
  )

/** The same as below, by a listing of its own. */
const listedNewest = (root: string, source: TopicPartition, hint: bigint | undefined) =>
  Effect.gen(function*() {
    const store = yield* ObjectStore
    const hinted = hint === undefined ? undefined : archiveKey(root, source, hint)
    const known = hinted === undefined ? Option.none() : yield* store.head(hinted)
    const after = Option.isSome(known) ? known.value.key : ""
    const last = yield* lastKey(root, source, after)
    if (last !== undefined) return Option.some(yield* describeFile(last.key, last.firstOffset))
    if (Option.isNone(known) || hint === undefined) return Option.none()
    const facts = factsFromMetadata(known.value.metadata)
    if (facts === undefined) return Option.some(yield* describeFile(known.value.key, hint))
    return Option.some({ key: known.value.key, firstOffset: hint, facts })
  })

/**
 * The file with the highest key of the partition below `root`. `hint` is the first offset of a
 * file that was the newest once: when it is still there, only what follows it is listed, unless the
 * survey knows already.
 */
export const newestFile = (
  root: string,
  source: TopicPartition,
  hint: bigint | undefined,
  survey: Survey
): Effect.Effect<Option.Option<NewestFile>, StoreError | CodecError, ObjectStore> =>
  Effect.gen(function*() {
    const { newest, settled } = yield* survey.topic(root, source.topic)
    if (!settled(source.partition)) return yield* listedNewest(root, source, hint)
    const last = newest.get(source.partition)
    return last === undefined
      ? Option.none()
      : Option.some(yield* describeFile(last.key, last.firstOffset))
  })

/** The offset after the last one that the file accounts for. */
export const coverageNextOf = (newest: NewestFile) =>
  newest.facts === undefined
    ? Effect.map(fileDigests(readObject(newest.key), "key and value"), (digests) => {
      const last = lastOffset(digests)
      return last === undefined ? newest.firstOffset : last + 1n
    })
    : Effect.succeed(newest.facts.coverageNext)

const isOf = (a: TopicPartition, b: TopicPartition) =>
  a.topic === b.topic && a.partition === b.partition
