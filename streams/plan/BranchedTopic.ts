/** The files to restore of a topic whose logs were cut back: of each partition, by its branches. */
import { Effect, Stream } from "effect"
import type { StoreError } from "../../services/ObjectStore.ts"
import type { ObjectStore } from "../../services/ObjectStore.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import { parseArchiveKey, topicFolder } from "../../src/domain/ArchiveKey.ts"
import type { BranchChain, ChainedFile } from "../BranchChain.ts"
import { follow } from "../BranchChain.ts"
import { listObjects } from "../StoreReads.ts"
import type { Generation } from "./Generations.ts"

export interface BranchedTopic {
  /** Keys that are not those of archive files. */
  readonly strange: ReadonlyArray<string>
  /** Those to restore, in order. */
  readonly kept: ReadonlyArray<ChainedFile>
  /** Files whose records were written again, with others, in a later leader epoch. */
  readonly replaced: ReadonlyArray<ChainedFile>
}

/** By partition, in key order. */
const filesBelow = (root: string, topic: string, strange: Array<string>) =>
  Stream.runFold(
    listObjects(topicFolder(root, topic)),
    new Map<number, Array<ChainedFile>>(),
    (partitions, page) => {
      for (const { key, lastModified, size } of page) {
        const archive = parseArchiveKey(key)
        if (archive === undefined || archive.root !== root || archive.topic !== topic) {
          strange.push(key)
          continue
        }
        const files = partitions.get(archive.partition) ?? []
        partitions.set(archive.partition, files)
        files.push({ key, archive, size, lastModified })
      }
      return partitions
    }
  )

/** As the store lists the folders of partitions. */
const byFolder = (a: number, b: number): number => (`${a}/` < `${b}/` ? -1 : 1)

export const branchedTopic = (
  { branches, root, topic }: Generation
): Effect.Effect<BranchedTopic, StoreError | CodecError, ObjectStore> =>
  Effect.gen(function*() {
    const strange: Array<string> = []
    const chains = new Map<number, BranchChain>()
    for (const each of [root, ...branches]) {
      for (const [partition, files] of yield* filesBelow(each, topic, strange)) {
        const chain = chains.get(partition) ?? { kept: [], replaced: [] }
        chains.set(partition, yield* follow(chain, files))
      }
    }
    const ordered = [...chains].sort(([a], [b]) => byFolder(a, b)).map(([, chain]) => chain)
    return {
      strange,
      kept: ordered.flatMap(({ kept }) => kept),
      replaced: ordered.flatMap(({ replaced }) => replaced)
    }
  })
