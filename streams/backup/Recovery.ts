/** What the disk buffer holds at start: each file is cut to its whole blocks, and understood. */
import { Effect, Stream } from "effect"
import type { BufferedFile, BufferError } from "../../services/DiskBuffer.ts"
import { DiskBuffer } from "../../services/DiskBuffer.ts"
import type { BlockStats } from "../../src/codec/BlockStats.ts"
import { CodecError, corrupt } from "../../src/codec/CodecError.ts"
import { readContainer } from "../../src/codec/ContainerReader.ts"
import { containerHeader } from "../../src/codec/ContainerWriter.ts"
import { outOfOrder } from "../../src/codec/RecordPlace.ts"
import { parseArchiveKey } from "../../src/domain/ArchiveKey.ts"
import { isConsistent, openFacts, withBlock } from "../../src/domain/FileAccount.ts"
import type { FileFacts } from "../../src/domain/FileFacts.ts"
import { noGaps } from "../../src/domain/FileFacts.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import type { GrowingFile } from "./GrowingFile.ts"
import { setAside } from "./SetAside.ts"
import { summarized } from "./Summary.ts"

/** The file's account with one block more. Offsets without a record have lost their reason. */
const counted = (facts: FileFacts, stats: BlockStats, stated: FileFacts): FileFacts => {
  const coverageNext = stats.lastOffset + 1n
  const unknown = Number(coverageNext - facts.coverageNext) - stats.recordCount
  const { firstLeaderEpoch, lastLeaderEpoch } = stated
  const gaps = { ...noGaps, unknown }
  return withBlock(facts, { ...stats, coverageNext, gaps, firstLeaderEpoch, lastLeaderEpoch })
}

type Examined = {
  /** As the header says. */
  readonly stated: FileFacts
  /** Of the whole blocks alone. */
  readonly counted: FileFacts
  readonly sync: Buffer
  readonly wholeBytes: number
  /** Something follows the whole blocks. */
  readonly torn: boolean
} | undefined

/**
 * Reads every block up to the first that is cut off or damaged, record by record. `undefined`: no
 * file of ours. Fails when a record belongs to another partition.
 */
const examine = (
  name: string,
  source: TopicPartition
): Effect.Effect<Examined, BufferError | CodecError, DiskBuffer> =>
  Effect.scoped(Effect.gen(function*() {
    const buffer = yield* DiskBuffer
    const { blocks, header } = yield* readContainer(buffer.read(name))
    const { facts: stated, sync } = header
    if (stated === undefined) return undefined
    const { coverageStart, timestampType } = stated
    const empty = openFacts(stated, timestampType, coverageStart)
    const found = { stated, sync, counted: empty, wholeBytes: header.size, torn: false }
    yield* Stream.runForEach(blocks, (block) =>
      Effect.gen(function*() {
        const stats = yield* summarized(header.codec, block, "ours", source)
        // Nobody writes such a block, but zeros can look like one.
        if (stats === undefined) return yield* corrupt("a block without records")
        const { coverageNext } = found.counted
        if (stats.firstOffset < coverageNext) {
          return yield* outOfOrder(stats.firstOffset, coverageNext - 1n)
        }
        found.counted = counted(found.counted, stats, stated)
        found.wholeBytes = block.end
      })).pipe(
        Effect.catchIf(
          (error) => error instanceof CodecError && error.reason !== "Mismatch",
          () => Effect.sync(() => void (found.torn = true))
        )
      )
    return found
  }))

/**
 * The header knows why offsets hold no record, but is believed only when it is of exactly these
 * blocks and whole itself: it is written in place, after a block, and a power failure can keep the
 * one without the other, or a part of it.
 */
const believed = (stated: FileFacts, counted: FileFacts): boolean =>
  isConsistent(stated)
  && stated.recordCount === counted.recordCount
  && stated.largestRecord === counted.largestRecord
  && stated.minTimestamp === counted.minTimestamp
  && stated.maxTimestamp === counted.maxTimestamp
  && stated.coverageNext >= counted.coverageNext

/**
 * Makes a buffer file whole again: a torn tail is cut off, facts that do not agree with the blocks
 * are counted anew. `undefined`: there is nothing to use, because it is gone, is a header without
 * records and has been deleted, or was not ours or held no whole block and has been set aside.
 */
export const recoverFile = (
  found: BufferedFile
): Effect.Effect<GrowingFile | undefined, BufferError, DiskBuffer> =>
  Effect.gen(function*() {
    const buffer = yield* DiskBuffer
    const { name } = found
    const source = parseArchiveKey(name)
    if (source === undefined) {
      return yield* setAside(name, "its name is not that of an archive file")
    }
    if (found.size === 0) return yield* setAside(name, "it is empty")
    const examined = yield* examine(name, source)
    if (examined === undefined) return yield* setAside(name, "it carries no facts of its own")
    const { counted, stated, sync, torn, wholeBytes } = examined
    if (counted.recordCount === 0) {
      return torn
        ? yield* setAside(name, "it holds no whole block")
        : yield* Effect.as(buffer.remove(name), undefined)
    }
    if (torn) {
      yield* Effect.logWarning("buffer file was cut off inside a block, the whole blocks are kept")
        .pipe(Effect.annotateLogs({ file: name, bytes: wholeBytes }))
      yield* buffer.truncate(name, wholeBytes)
    }
    const facts = believed(stated, counted) ? stated : counted
    const { partition, topic } = source
    const file = { topic, partition, name, sync, facts, size: wholeBytes }
    if (facts !== stated) yield* buffer.patch(name, 0, containerHeader(file))
    yield* buffer.release(name)
    return { ...file, openedMs: found.created }
  }).pipe(
    Effect.catchTag("CodecError", (error) => setAside(found.name, error.message)),
    Effect.catchIf(
      ({ reason }) => reason === "NotFound",
      () => Effect.succeed(undefined)
    )
  )
