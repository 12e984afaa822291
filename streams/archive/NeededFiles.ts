/** Which archive files of a partition have to be read for a range of its records. */
import { Effect, Option, Stream } from "effect"
import type { RecordRange } from "../../src/domain/RecordRange.ts"
import { overlapsTimes } from "../../src/domain/RecordRange.ts"
import { storedFacts } from "../ArchiveFiles.ts"
import type { ChainedFile } from "../BranchChain.ts"
import type { Generation } from "../plan/Generations.ts"
import { partitionFiles } from "./TopicFiles.ts"

/** By keys alone: the next file begins behind the start of the range, and this one before its end. */
const canHold = (
  { fromOffset, toOffset }: RecordRange,
  { archive }: ChainedFile,
  next: Option.Option<ChainedFile>
): boolean =>
  (toOffset === undefined || archive.firstOffset < toOffset) &&
  (fromOffset === undefined ||
    Option.match(next, {
      onNone: () => true,
      onSome: (file) => file.archive.firstOffset > fromOffset
    }))

/** By its facts, which are asked for only when times matter. */
const holdsTimes = (range: RecordRange, { key }: ChainedFile) =>
  range.fromTimeMs === undefined && range.toTimeMs === undefined
    ? Effect.succeed(true)
    : Effect.map(
      storedFacts(key),
      (facts) => facts === undefined || overlapsTimes(range, facts.minTimestamp, facts.maxTimestamp)
    )

/** The archive files that can hold records of the range, in offset order. */
export const neededFiles = (generation: Generation, partition: number, range: RecordRange) =>
  partitionFiles(generation, partition).pipe(
    Stream.mapConcat((page) => page),
    Stream.zipWithNext,
    Stream.takeWhile(([{ archive }]) =>
      range.toOffset === undefined || archive.firstOffset < range.toOffset
    ),
    Stream.filter(([file, next]) => canHold(range, file, next)),
    Stream.map(([file]) => file),
    Stream.filterEffect((file) => holdsTimes(range, file))
  )
