/** What the disk buffer holds at start: each file is cut to its whole blocks, and understood. */
import { Effect, Stream } from "effect"
import type { BufferedFile, BufferError } from "../../services/DiskBuffer.ts"
import { DiskBuffer } from "../../services/DiskBuffer.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import { readContainer, scanContainer } from "../../src/codec/ContainerReader.ts"
import { containerHeader } from "../../src/codec/ContainerWriter.ts"
import { parseArchiveKey } from "../../src/domain/ArchiveKey.ts"
import { openFacts, withBlock } from "../../src/domain/FileAccount.ts"
import type { FileFacts } from "../../src/domain/FileFacts.ts"
import { noGaps } from "../../src/domain/FileFacts.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import type { GrowingFile } from "./GrowingFile.ts"
import { setAside } from "./SetAside.ts"
import { summarized } from "./Summary.ts"

/**
 * The facts counted again from the blocks, for a file whose header was not written after its last
 * block. Offsets without a record have lost their reason.
 */
const recount = (
  name: string,
  source: TopicPartition,
  stated: FileFacts
): Effect.Effect<FileFacts, BufferError | CodecError, DiskBuffer> =>
  Effect.scoped(Effect.gen(function*() {
    const buffer = yield* DiskBuffer
    const { blocks, header } = yield* readContainer(buffer.read(name))
    const { coverageStart, timestampType } = stated
    return yield* Stream.runFoldEffect(
      blocks,
      openFacts(stated, timestampType, coverageStart),
      (facts, block) =>
        Effect.map(summarized(header.codec, block, "ours", source), (stats) => {
          if (stats === undefined) return facts
          const coverageNext = stats.lastOffset + 1n
          const unknown = Number(coverageNext - facts.coverageNext) - stats.recordCount
          return withBlock(facts, {
            ...stats,
            coverageNext,
            gaps: { ...noGaps, unknown },
            firstLeaderEpoch: stated.firstLeaderEpoch,
            lastLeaderEpoch: stated.lastLeaderEpoch
          })
        })
    )
  }))

/**
 * Makes a buffer file whole again: a torn tail is cut off, facts that do not agree with the blocks
 * are counted anew. `undefined`: there is nothing to use, because it is gone, held nothing and has
 * been deleted, or was not ours or held no whole block and has been set aside.
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
    // Created and not written to before the end came.
    if (found.size === 0) return yield* Effect.as(buffer.remove(name), undefined)
    const scan = yield* scanContainer(buffer.read(name))
    const { header, torn, wholeBytes } = scan
    const stated = header.facts
    if (stated === undefined) return yield* setAside(name, "it carries no facts of its own")
    if (scan.recordCount === 0) {
      return torn
        ? yield* setAside(name, "it holds no whole block")
        : yield* Effect.as(buffer.remove(name), undefined)
    }
    if (torn) {
      yield* Effect.logWarning("buffer file was cut off inside a block, the whole blocks are kept")
        .pipe(Effect.annotateLogs({ file: name, bytes: wholeBytes }))
      yield* buffer.truncate(name, wholeBytes)
    }
    const facts = scan.recordCount === stated.recordCount
      ? stated
      : yield* recount(name, source, stated)
    const { partition, topic } = source
    const file = { topic, partition, name, sync: header.sync, facts, size: wholeBytes }
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
