/** Records out of an archive, in order, without Kafka. */
import { Effect, Stream } from "effect"
import type { ForeignSchema } from "../services/ForeignSchema.ts"
import type { ObjectStore, StoreError } from "../services/ObjectStore.ts"
import type { CodecError } from "../src/codec/CodecError.ts"
import type { ArchivedRecord } from "../src/codec/RecordCursor.ts"
import { readRecords } from "../src/codec/RecordCursor.ts"
import type { RecordRange } from "../src/domain/RecordRange.ts"
import { isInRange } from "../src/domain/RecordRange.ts"
import type { GenerationChoice } from "../src/domain/Settings.ts"
import { ArchiveError } from "./archive/ArchiveError.ts"
import { neededFiles } from "./archive/NeededFiles.ts"
import { partitionsOf } from "./archive/TopicFiles.ts"
import { inFile, openArchiveFile } from "./ArchiveFiles.ts"
import type { ChainedFile } from "./BranchChain.ts"
import { decoding } from "./Decoding.ts"
import { chooseGeneration } from "./plan/ChooseGeneration.ts"
import type { Generation } from "./plan/Generations.ts"
import { findGenerations } from "./plan/Generations.ts"
import type { PlanError } from "./PlanTopic.ts"
import { pullObject } from "./StoreReads.ts"

export interface CatOptions {
  readonly prefix: string
  readonly topic: string
  readonly generation: GenerationChoice
  /** `undefined`: all, one after the other. */
  readonly partition: number | undefined
  readonly range: RecordRange
  /** Bytes that the record's key must have; `undefined`: whatever it is. */
  readonly key: Buffer | undefined
  /** Records at most; `undefined`: no bound. */
  readonly limit: number | undefined
}

export type CatError = ArchiveError | PlanError | StoreError | CodecError

type Services = ObjectStore | ForeignSchema

/** Blocks decoded ahead of the one being worked on. */
const decodedAhead = 2

const generationOf = ({ generation, prefix, topic }: CatOptions) =>
  Effect.gen(function*() {
    const found = yield* findGenerations(prefix)
    const chosen = yield* chooseGeneration(found.get(topic) ?? [], generation)
    if (chosen !== undefined) return chosen
    const others = found.size === 0 ? "it is empty" : `among ${found.size} topics`
    const message = `the archive has no topic ${topic} under "${prefix}", ${others}`
    return yield* new ArchiveError({ reason: "NoTopic", message })
  })

/** The records of a file, a block at a time. */
const recordsOf = (
  file: ChainedFile
): Stream.Stream<ReadonlyArray<ArchivedRecord>, StoreError | CodecError, Services> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const { blocks, decode, layout } = yield* openArchiveFile(yield* pullObject(file.key))
    return Stream.mapEffect(
      blocks,
      (block) =>
        Effect.flatMap(
          decode(block),
          (bytes) => decoding("records", () => readRecords(bytes, layout, block.recordCount))
        ),
      { concurrency: decodedAhead }
    )
  })).pipe(Stream.mapError(inFile(file.key)))

const partitionRecords = (
  generation: Generation,
  partition: number,
  options: Pick<CatOptions, "key" | "range">
) =>
  Stream.suspend(() => {
    const { key, range } = options
    // Files of the original can overlap.
    let last = -1n
    const isWanted = (record: ArchivedRecord): boolean => {
      if (record.offset <= last) return false
      last = record.offset
      return isInRange(range, record.offset, record.timestamp) &&
        (key === undefined || record.key?.equals(key) === true)
    }
    return neededFiles(generation, partition, range).pipe(
      Stream.flatMap(recordsOf),
      Stream.takeUntil((records) =>
        range.toOffset !== undefined && (records.at(-1)?.offset ?? -1n) >= range.toOffset - 1n
      ),
      Stream.map((records) => records.filter(isWanted))
    )
  })

/** Those of a partition in the range, in offset order, those of a block together. */
export const catPartition = (generation: Generation, partition: number, range: RecordRange) =>
  partitionRecords(generation, partition, { key: undefined, range })

const partitionsWanted = (generation: Generation, { partition, topic }: CatOptions) =>
  Effect.flatMap(partitionsOf(generation), (there) => {
    if (partition === undefined) return Effect.succeed(there)
    if (there.includes(partition)) return Effect.succeed([partition])
    const message = `the archive has no records of partition ${partition} of ${topic}`
    return new ArchiveError({ reason: "NoPartition", message })
  })

/** No more than `limit` records; the stream ends with the last of them. */
const limited = (limit: number | undefined) =>
<E, R>(
  blocks: Stream.Stream<ReadonlyArray<ArchivedRecord>, E, R>
): Stream.Stream<ReadonlyArray<ArchivedRecord>, E, R> =>
  limit === undefined ? blocks : Stream.suspend(() => {
    let left = limit
    return blocks.pipe(
      Stream.map((records) => {
        const some = records.slice(0, left)
        left -= some.length
        return some
      }),
      Stream.takeUntil(() => left === 0)
    )
  })

/**
 * Emits the records asked for, partition by partition, in offset order, those of a block together.
 * Reads no file that cannot hold one of them.
 */
export const catArchive = (
  options: CatOptions
): Stream.Stream<ReadonlyArray<ArchivedRecord>, CatError, Services> =>
  Stream.unwrap(Effect.gen(function*() {
    const generation = yield* generationOf(options)
    const partitions = yield* partitionsWanted(generation, options)
    return Stream.fromIterable(partitions).pipe(
      Stream.flatMap((partition) => partitionRecords(generation, partition, options)),
      limited(options.limit),
      Stream.filter((records) => records.length > 0)
    )
  }))
