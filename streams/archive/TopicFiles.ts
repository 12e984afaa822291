/** The archive files of one life of a topic, a page at a time, in key order. */
import { Chunk, Effect, Stream } from "effect"
import type { ObjectStore, StoreError } from "../../services/ObjectStore.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import { parseArchiveKey, topicFolder } from "../../src/domain/ArchiveKey.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import type { ChainedFile } from "../BranchChain.ts"
import { chainOf, filesOf } from "../BranchChain.ts"
import { branchedTopic } from "../plan/BranchedTopic.ts"
import type { Generation } from "../plan/Generations.ts"
import { listFolders, listObjects } from "../StoreReads.ts"

export type FilePages = Stream.Stream<
  ReadonlyArray<ChainedFile>,
  StoreError | CodecError,
  ObjectStore
>

/** Where a branch replaces what was written before, that is left out. */
const pageSize = 1000

/**
 * All of them. Of a topic whose log was never cut back no more than a page is in memory. `strange`
 * is told of keys that are not those of archive files.
 */
export const topicFiles = (
  generation: Generation,
  strange: (key: string) => void
): FilePages => {
  const { branches, root, topic } = generation
  if (branches.length === 0) {
    return Stream.map(
      listObjects(topicFolder(root, topic)),
      (page) =>
        page.flatMap(({ key, lastModified, size }) => {
          const archive = parseArchiveKey(key)
          if (archive?.root === root && archive.topic === topic) {
            return [{ key, archive, size, lastModified }]
          }
          strange(key)
          return []
        })
    )
  }
  return Stream.unwrap(Effect.map(branchedTopic(generation), (found) => {
    found.strange.forEach(strange)
    return Stream.map(
      Stream.grouped(Stream.fromIterable(found.kept), pageSize),
      Chunk.toReadonlyArray
    )
  }))
}

/** Those of one partition. */
export const partitionFiles = (
  { branches, root, topic }: Generation,
  partition: number
): FilePages => {
  const source: TopicPartition = { topic, partition }
  return branches.length === 0
    ? filesOf(root, source)
    : Stream.fromEffect(Effect.map(chainOf([root, ...branches], source), ({ kept }) => kept))
}

/** The partitions that there are files of, in ascending order. */
export const partitionsOf = (
  { branches, root, topic }: Generation
): Effect.Effect<ReadonlyArray<number>, StoreError, ObjectStore> =>
  Effect.map(
    Effect.forEach([root, ...branches], (each) => {
      const folder = topicFolder(each, topic)
      return Effect.map(listFolders(folder), (folders) =>
        folders.map((name) => name.slice(folder.length, -1)))
    }),
    (names) =>
      [
        ...new Set(
          names.flat().filter((name) =>
            /^\d+$/.test(name)
          ).map(Number)
        )
      ].sort((a, b) => a - b)
  )
