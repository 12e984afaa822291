/** Whether the archive holds records that a restored partition does not have yet. */
import { Effect, Option, Stream } from "effect"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import type { ObjectStore, StoreError } from "../../services/ObjectStore.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import {
  archiveKey,
  joinPath,
  parseArchiveKey,
  partitionFolder
} from "../../src/domain/ArchiveKey.ts"
import type { RecordRange } from "../../src/domain/RecordRange.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import { catPartition } from "../CatArchive.ts"
import type { Generations } from "../plan/Generations.ts"
import { findGenerations } from "../plan/Generations.ts"
import { listObjects } from "../StoreReads.ts"
import { makeTurns } from "../Turns.ts"
import type { FileReach } from "./FileReach.ts"
import { firstBehind, reachBehind } from "./FileReach.ts"

type Asked<A> = Effect.Effect<A, StoreError | CodecError, ObjectStore | ForeignSchema>

export interface ArchiveCoverage {
  /**
   * Whether any archived record of the partition has an offset with `after` < offset < `before`.
   * What was found out is remembered; of an archive that grows, at least everything is known that
   * it held when it was first asked with this `after`.
   */
  readonly holdsBetween: (source: TopicPartition, after: bigint, before: bigint) => Asked<boolean>
  /**
   * Whether offsets of the topic mean one thing: it has no life and no branch beside the prefix.
   * Else nobody here knows which of them was restored.
   */
  readonly hasOneLife: (topic: string) => Asked<boolean>
  /** Whether any record of the partition is in the range: reads until it has found one. */
  readonly holdsIn: (source: TopicPartition, range: RecordRange) => Asked<boolean>
}

/**
 * So many of the files that begin at or before an offset are asked whether they reach beyond it.
 * Files of ours never overlap. Those of the original do when it uploads what it holds of a
 * partition twice: then a file begins inside the one before it.
 */
const overlapping = 3

interface ListedFile {
  readonly firstOffset: bigint
  /** Bytes. */
  readonly size: number
}

/** What is known of one partition of the archive. */
class KnownPartition {
  /** Of all questions, the later wait for what the earlier find out. */
  readonly lock = Effect.unsafeMakeSemaphore(1)
  /** By first offset. */
  readonly files: Array<ListedFile> = []
  readonly #root: string
  readonly #source: TopicPartition
  /** The list is as new as the question. */
  #isListed = false
  #after = -1n
  /** What files, by first offset, hold behind `after`. */
  readonly #reach = new Map<bigint, FileReach>()

  constructor(root: string, source: TopicPartition) {
    this.#root = root
    this.#source = source
  }

  holdsBetween(after: bigint, before: bigint): Asked<boolean> {
    return Effect.suspend(() => {
      if (after !== this.#after) {
        this.#after = after
        this.#isListed = false
        this.#reach.clear()
      }
      return this.#search(after, before)
    })
  }

  /** A record that was seen stays; that there is none counts only with a new list. */
  #search(after: bigint, before: bigint): Asked<boolean> {
    return Effect.flatMap(this.#searchListed(after, before), (holds) =>
      holds || this.#isListed
        ? Effect.succeed(holds)
        : Effect.zipRight(this.#list, this.#searchListed(after, before)))
  }

  #searchListed(after: bigint, before: bigint): Asked<boolean> {
    return Effect.suspend(() => {
      const next = this.#firstBehind(after)
      const begins = this.files[next]
      // A file always holds the record that it begins with.
      if (begins !== undefined && begins.firstOffset < before) return Effect.succeed(true)
      const older = this.files.slice(Math.max(0, next - overlapping), next).reverse()
      return Effect.exists(older, (file) => this.#reachesInto(file, after, before))
    })
  }

  /** Index of the first file that begins behind the offset. */
  #firstBehind(after: bigint): number {
    let low = 0
    let high = this.files.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.files[middle]?.firstOffset ?? 0n) > after) high = middle
      else low = middle + 1
    }
    return low
  }

  #reachesInto({ firstOffset, size }: ListedFile, after: bigint, before: bigint): Asked<boolean> {
    const stored = { key: archiveKey(this.#root, this.#source, firstOffset), size }
    const remember = (reach: FileReach) => {
      this.#reach.set(firstOffset, reach)
      return reach
    }
    const inside = ({ record }: FileReach) => record !== undefined && record < before
    return Effect.gen(this, function*() {
      const known = this.#reach.get(firstOffset) ??
        remember(yield* reachBehind(stored, after))
      if (inside(known) || known.isFirst) return inside(known)
      return inside(remember(yield* firstBehind(stored, after)))
    })
  }

  /** Lists what was not listed before. */
  get #list(): Asked<void> {
    const last = this.files.at(-1)
    const from = last === undefined ? "" : archiveKey(this.#root, this.#source, last.firstOffset)
    return listObjects(partitionFolder(this.#root, this.#source), from).pipe(
      Stream.runForEach((page) =>
        Effect.sync(() => {
          for (const { key, size } of page) {
            const firstOffset = parseArchiveKey(key)?.firstOffset
            if (firstOffset === undefined) continue
            const isOwn = key === archiveKey(this.#root, this.#source, firstOffset)
            if (isOwn) this.files.push({ firstOffset, size })
          }
        })
      ),
      Effect.tap(() => {
        this.#isListed = true
      })
    )
  }
}

/** `prefix`: the archive's, as the backup was given it. A partition that it lacks holds nothing. */
export const makeArchiveCoverage = (prefix: string): ArchiveCoverage => {
  const root = joinPath(prefix)
  const partitions = new Map<string, KnownPartition>()
  const oneByOne = makeTurns(1)
  let lives: Generations | undefined

  const listedLives = oneByOne(
    Effect.suspend(() =>
      lives !== undefined ? Effect.succeed(lives) : Effect.tap(findGenerations(prefix), (found) => {
        lives = found
      })
    )
  )

  const known = (source: TopicPartition): KnownPartition => {
    const name = topicPartitionName(source)
    const found = partitions.get(name) ?? new KnownPartition(root, source)
    partitions.set(name, found)
    return found
  }

  return {
    holdsIn: ({ partition, topic }, range) =>
      catPartition({ topic, root, topicId: undefined, branches: [] }, partition, range).pipe(
        Stream.filter((records) => records.length > 0),
        Stream.runHead,
        Effect.map(Option.isSome)
      ),
    holdsBetween: (source, after, before) =>
      Effect.suspend(() => {
        if (before <= after + 1n) return Effect.succeed(false)
        const partition = known(source)
        return partition.lock.withPermits(1)(partition.holdsBetween(after, before))
      }),
    hasOneLife: (topic) =>
      Effect.map(
        listedLives,
        (found) =>
          (found.get(topic) ?? []).every(({ branches, topicId }) =>
            topicId === undefined && branches.length === 0
          )
      )
  }
}
