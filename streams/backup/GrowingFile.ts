/** The archive file of one partition that grows in the disk buffer, block by block. */
import { Cause, Clock, Deferred, Effect, Exit, Fiber, Metric } from "effect"
import { DiskBuffer } from "../../services/DiskBuffer.ts"
import { bufferedRecordBytes, bufferedRecords } from "../../services/Metrics.ts"
import { compress } from "../../src/codec/Compression.ts"
import { containerHeader, frameBlock, newSync } from "../../src/codec/ContainerWriter.ts"
import { freeBytes } from "../../src/codec/FreeBytes.ts"
import { archiveKey } from "../../src/domain/ArchiveKey.ts"
import type { Origin } from "../../src/domain/FileAccount.ts"
import { addGaps, openFacts, withBlock, withTrailingGaps } from "../../src/domain/FileAccount.ts"
import type { FileFacts } from "../../src/domain/FileFacts.ts"
import { noGaps } from "../../src/domain/FileFacts.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import type { ArchivedFile, PartitionFailure } from "./Archived.ts"
import type { FinishedBlock, Tail } from "./BlockBuilder.ts"

export interface GrowingFile extends TopicPartition {
  /** The key that it is to have in the store; its name in the buffer. */
  readonly name: string
  readonly sync: Buffer
  readonly facts: FileFacts
  /** Bytes in the buffer. */
  readonly size: number
  /** When its first record was buffered, milliseconds since the epoch. */
  readonly openedMs: number
}

export interface FileWriterSettings {
  readonly source: TopicPartition
  readonly origin: Origin
  readonly root: string
  /** Everything below is in the archive. */
  readonly watermark: bigint
  /** The buffer file that continues the archive, if there is one. */
  readonly file: GrowingFile | undefined
  /** Runs before a file is begun; when it fails, none is. */
  readonly begin: Effect.Effect<void, PartitionFailure>
  /** Bytes at which a file is uploaded. */
  readonly minFileSize: number
  /** Of zstd. */
  readonly compressionLevel: number
  /** Makes the file durable in the archive, then removes it from the buffer. */
  readonly archive: (file: GrowingFile) => Effect.Effect<ArchivedFile, PartitionFailure>
}

export interface FileWriter {
  readonly file: () => GrowingFile | undefined
  readonly watermark: () => bigint
  /** Compresses and appends the block; uploads the file when it is large enough. */
  readonly write: (block: FinishedBlock) => Effect.Effect<void, PartitionFailure>
  /** Offsets behind the last block that hold no record. */
  readonly noteTail: (tail: Tail) => Effect.Effect<void, PartitionFailure>
  /** Uploads what there is; the number of files, 0 or 1. `undefined`: it has been halted. */
  readonly upload: Effect.Effect<number | undefined, PartitionFailure>
  /** Ends the upload that is under way; the file stays, may grow, and is not uploaded here. */
  readonly halt: Effect.Effect<void>
  /** Since when something written is not safely on the disk, milliseconds since the epoch. */
  readonly unsyncedSinceMs: () => number | undefined
  /**
   * Brings file and directory safely to the disk, and gives back the descriptor: a power failure
   * takes nothing of it then. Does not wait for an upload.
   */
  readonly sync: Effect.Effect<void, PartitionFailure>
}

export const makeFileWriter = (
  settings: FileWriterSettings
): Effect.Effect<FileWriter, never, DiskBuffer> =>
  Effect.gen(function*() {
    const buffer = yield* DiskBuffer
    const halted = yield* Deferred.make<void>()
    const { root, source } = settings
    let file = settings.file
    let watermark = settings.watermark
    let leadingGaps = noGaps
    // What a run before this one has written may be nowhere but in memory.
    let unsyncedSinceMs = file && (yield* Clock.currentTimeMillis)

    const written = Effect.map(Clock.currentTimeMillis, (now) => {
      unsyncedSinceMs ??= now
    })

    /** With its first block, in one write. */
    const create = ({ block, facts: first, timestampType }: FinishedBlock, compressed: Buffer) =>
      Effect.gen(function*() {
        const name = archiveKey(root, source, block.firstOffset)
        const opened = openFacts(settings.origin, timestampType, watermark, leadingGaps)
        const facts = withBlock(opened, first)
        const sync = newSync()
        const header = containerHeader({ facts, sync })
        const frame = frameBlock(block.recordCount, compressed, sync)
        const content = Buffer.concat([header, ...frame])
        yield* buffer.create(name, content)
        leadingGaps = noGaps
        const openedMs = yield* Clock.currentTimeMillis
        return { ...source, name, facts, sync, size: content.length, openedMs }
      })

    const append = (open: GrowingFile, { block, facts }: FinishedBlock, compressed: Buffer) =>
      Effect.gen(function*() {
        const frame = frameBlock(block.recordCount, compressed, open.sync)
        yield* buffer.append(open.name, frame)
        const bytes = frame.reduce((sum, part) => sum + part.length, 0)
        const grown = { ...open, facts: withBlock(open.facts, facts), size: open.size + bytes }
        file = grown
        yield* buffer.patch(open.name, 0, containerHeader(grown))
        return grown
      })

    const uploaded = ({ facts }: GrowingFile, done: ArchivedFile) => {
      file = undefined
      unsyncedSinceMs = undefined
      watermark = done.facts.coverageNext
      // What no object accounts for holds no record; the next file accounts for it.
      leadingGaps = { ...noGaps, unknown: Number(facts.coverageNext - watermark) }
    }

    /** The number of files, 0 or 1; `undefined` when it was halted before it had ended. */
    const upload = Effect.gen(function*() {
      const closing = file
      if (closing === undefined) return 0
      if (yield* Deferred.isDone(halted)) return undefined
      const uploading = yield* Effect.fork(settings.archive(closing))
      yield* Effect.raceFirst(Fiber.await(uploading), Deferred.await(halted))
      const exit = yield* Fiber.interrupt(uploading)
      if (Exit.isFailure(exit)) {
        return Cause.isInterruptedOnly(exit.cause) ? undefined : yield* Effect.failCause(exit.cause)
      }
      uploaded(closing, exit.value)
      return 1
    })

    const uploadWhenLarge = Effect.suspend(() =>
      file === undefined || file.size < settings.minFileSize
        ? Effect.void
        : Effect.asVoid(upload)
    )

    return {
      file: () => file,
      watermark: () => watermark,
      halt: Effect.asVoid(Deferred.succeed(halted, undefined)),
      upload,
      write: (finished) =>
        Effect.gen(function*() {
          const { block } = finished
          const compressed = yield* compress("zstd", block.bytes, settings.compressionLevel)
          file = yield* file === undefined
            ? create(finished, compressed)
            : append(file, finished, compressed)
          freeBytes(compressed)
          yield* written
          yield* Metric.incrementBy(bufferedRecords(source.topic), block.recordCount)
          yield* Metric.incrementBy(bufferedRecordBytes(source.topic), block.bytes.length)
        }).pipe(
          // Whoever interrupts this waits for the disk, and finds nothing half written.
          Effect.uninterruptible,
          Effect.zipRight(uploadWhenLarge),
          (write) => file === undefined ? Effect.zipRight(settings.begin, write) : write
        ),
      noteTail: ({ coverageNext, gaps, lastLeaderEpoch }) =>
        Effect.suspend(() => {
          if (file === undefined) {
            // Nothing to write it into yet: it leads the next file.
            leadingGaps = addGaps(leadingGaps, gaps)
            return Effect.void
          }
          const facts = withTrailingGaps(file.facts, coverageNext, gaps, lastLeaderEpoch)
          file = { ...file, facts }
          return Effect.uninterruptible(
            Effect.zipRight(buffer.patch(file.name, 0, containerHeader(file)), written)
          )
        }),
      unsyncedSinceMs: () => unsyncedSinceMs,
      sync: Effect.suspend(() => {
        unsyncedSinceMs = undefined
        return file === undefined ? Effect.void : buffer.sync(file.name)
      }).pipe(
        // It has been uploaded meanwhile, which is better still.
        Effect.catchIf(({ reason }) => reason === "NotFound", () => Effect.void)
      )
    }
  })
