/**
 * The files of a partition whose log was cut back after an unclean leader election: each branch
 * continues the files in front of the offset where it begins, and replaces those behind.
 */
import { Effect, Stream } from "effect"
import type { StoreError } from "../services/ObjectStore.ts"
import type { ObjectStore } from "../services/ObjectStore.ts"
import type { CodecError } from "../src/codec/CodecError.ts"
import type { ArchiveKey } from "../src/domain/ArchiveKey.ts"
import { parseArchiveKey, partitionFolder } from "../src/domain/ArchiveKey.ts"
import type { TopicPartition } from "../src/domain/TopicPartition.ts"
import { storedFacts } from "./ArchiveFiles.ts"
import { listObjects } from "./StoreReads.ts"

export interface ChainedFile {
  readonly key: string
  readonly archive: ArchiveKey
  /** Bytes. */
  readonly size: number
  /** Milliseconds since the epoch. */
  readonly lastModified: number
}

export interface BranchChain {
  /** In offset order, whatever their roots. */
  readonly kept: ReadonlyArray<ChainedFile>
  /** Files whose records were written again, with others, in a later leader epoch. */
  readonly replaced: ReadonlyArray<ChainedFile>
}

/** Where a branch begins: what its first file accounts for. */
const startOf = ({ archive, key }: ChainedFile) =>
  Effect.map(storedFacts(key), (facts) => facts?.coverageStart ?? archive.firstOffset)

/** The chain with one more branch, whose files come in key order. */
export const follow = (
  chain: BranchChain,
  files: ReadonlyArray<ChainedFile>
): Effect.Effect<BranchChain, StoreError | CodecError, ObjectStore> =>
  Effect.gen(function*() {
    const [first] = files
    if (first === undefined) return chain
    const start = yield* startOf(first)
    const isBefore = ({ archive }: ChainedFile) => archive.firstOffset < start
    return {
      kept: [...chain.kept.filter(isBefore), ...files],
      replaced: [...chain.replaced, ...chain.kept.filter((file) => !isBefore(file))]
    }
  })

/** The archive files of one partition below one root, a page at a time. */
export const filesOf = (
  root: string,
  source: TopicPartition
): Stream.Stream<ReadonlyArray<ChainedFile>, StoreError, ObjectStore> =>
  Stream.map(
    listObjects(partitionFolder(root, source)),
    (page) =>
      page.flatMap(({ key, lastModified, size }) => {
        const archive = parseArchiveKey(key)
        return archive?.topic === source.topic && archive.partition === source.partition
          ? [{ key, archive, size, lastModified }]
          : []
      })
  )

const nothing: BranchChain = { kept: [], replaced: [] }

/** Of one partition. `roots`: of the generation, then of its branches, the oldest first. */
export const chainOf = (
  roots: ReadonlyArray<string>,
  source: TopicPartition
): Effect.Effect<BranchChain, StoreError | CodecError, ObjectStore> =>
  Effect.reduce(
    roots,
    nothing,
    (chain, root) =>
      Effect.flatMap(
        Stream.runCollect(filesOf(root, source)),
        (pages) => follow(chain, [...pages].flat())
      )
  )
