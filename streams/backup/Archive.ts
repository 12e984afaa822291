/**
 * Makes a buffer file durable in the archive, and only then removes it from the buffer. Nothing in
 * the archive is ever overwritten: when the key exists, what is there decides.
 */
import { Effect, Metric, Schedule, Stream } from "effect"
import { DiskBuffer } from "../../services/DiskBuffer.ts"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import {
  archivedBytes,
  archivedFiles,
  archivedRecords,
  gapOffsets,
  timed,
  uploadFailures,
  uploads,
  uploadSeconds
} from "../../services/Metrics.ts"
import { bodyOfBytes } from "../../services/ObjectBody.ts"
import type { ObjectBody } from "../../services/ObjectStore.ts"
import { ObjectStore, StoreError } from "../../services/ObjectStore.ts"
import { factsToMetadata } from "../../src/codec/FactsMetadata.ts"
import { freeBytes } from "../../src/codec/FreeBytes.ts"
import { gapReasons } from "../../src/domain/FileFacts.ts"
import type { ArchivedFile, PartitionFailure } from "./Archived.ts"
import type { GrowingFile } from "./GrowingFile.ts"
import { reconcile } from "./Reconcile.ts"

const backoff = Schedule.exponential("200 millis", 2).pipe(
  Schedule.union(Schedule.spaced("15 seconds")),
  Schedule.jittered
)

export interface ArchiveOptions {
  /** How long a store that does not answer is asked again; `undefined`: for ever. */
  readonly patience: "30 seconds" | undefined
  /** Told of every try: what went wrong, or that it went well. */
  readonly tried?: (error: StoreError | undefined) => void
  /** What has to succeed before each try. */
  readonly before?: Effect.Effect<void, PartitionFailure>
}

/** Bytes of a file that is held in memory for its upload; a larger one is read twice instead. */
export const heldBytes = 1 << 20

const body = (file: GrowingFile): Effect.Effect<ObjectBody, PartitionFailure, DiskBuffer> =>
  Effect.gen(function*() {
    const buffer = yield* DiskBuffer
    if (file.size <= heldBytes) {
      const bytes = yield* buffer.content(file.name)
      return { ...bodyOfBytes(bytes), size: file.size, bytes }
    }
    yield* buffer.release(file.name)
    const crc32c = yield* buffer.checksum(file.name)
    const open = () =>
      Stream.mapError(
        buffer.read(file.name),
        (cause) => new StoreError({ reason: "Invalid", operation: "read", key: file.name, cause })
      )
    return { size: file.size, crc32c, open }
  })

const put = (file: GrowingFile, options: ArchiveOptions) =>
  Effect.gen(function*() {
    const store = yield* ObjectStore
    const buffer = yield* DiskBuffer
    const source = yield* body(file)
    let synced = false
    // No upload waits for the disk; what the store does not take is kept as if it were closed.
    const keepSafe = Effect.suspend(() => {
      if (synced) return Effect.void
      synced = true
      return Effect.ignoreLogged(buffer.sync(file.name))
    })
    const once = Metric.incrementBy(uploads, 1).pipe(
      Effect.zipRight(options.before ?? Effect.void),
      Effect.zipRight(store.putIfAbsent(file.name, source, factsToMetadata(file.facts))),
      timed(uploadSeconds),
      Effect.tap(() => options.tried?.(undefined)),
      Effect.tapError((error) => {
        if (error._tag !== "StoreError") return keepSafe
        options.tried?.(error)
        return Metric.incrementBy(uploadFailures(error.reason), 1).pipe(
          Effect.zipRight(
            Effect.logWarning("upload failed").pipe(
              Effect.annotateLogs({ key: file.name, error: error.message })
            )
          ),
          Effect.zipRight(keepSafe)
        )
      })
    )
    const outcome = yield* Effect.retry(once, {
      schedule: options.patience === undefined
        ? backoff
        : Schedule.intersect(backoff, Schedule.upTo(Schedule.forever, options.patience)),
      while: (error) => error._tag === "StoreError" && error.transient
    })
    // Only then has the store read all of it, and the connection nothing left to write.
    if (outcome === "created" && source.bytes !== undefined) freeBytes(source.bytes)
    return outcome
  })

const count = (file: GrowingFile) =>
  Effect.all([
    Metric.incrementBy(archivedRecords(file.topic), file.facts.recordCount),
    Metric.incrementBy(archivedBytes(file.topic), file.size),
    Metric.incrementBy(archivedFiles(file.topic), 1),
    Effect.forEach(
      gapReasons.filter((reason) => file.facts.gaps[reason] > 0),
      (reason) => Metric.incrementBy(gapOffsets(file.topic, reason), file.facts.gaps[reason]),
      { discard: true }
    )
  ], { discard: true })

/**
 * Durable when it succeeds. What the archive held already is not written again; then the coverage
 * in the answer ends where the archive's does, if that is before the file's. When it fails or is
 * interrupted, the file is in the buffer as it was.
 */
export const archiveFile = (
  file: GrowingFile,
  options: ArchiveOptions
): Effect.Effect<ArchivedFile, PartitionFailure, DiskBuffer | ForeignSchema | ObjectStore> =>
  Effect.gen(function*() {
    const buffer = yield* DiskBuffer
    const { facts, name: key, partition, topic } = file
    const outcome = yield* put(file, options)
    if (outcome === "created") {
      yield* Effect.uninterruptible(Effect.zipRight(buffer.remove(file.name), count(file)))
      return { topic, partition, key, facts, bytes: file.size }
    }
    const { coverageNext, remainder } = yield* reconcile(file)
    if (remainder === undefined) {
      yield* Effect.uninterruptible(buffer.remove(file.name))
      return { topic, partition, key, facts: { ...facts, coverageNext }, bytes: 0 }
    }
    // The file holds the remainder too, so that a failure leaves the buffer as it was.
    const rest = yield* Effect.onError(
      archiveFile(remainder, options),
      () => Effect.ignore(buffer.remove(remainder.name))
    )
    yield* Effect.uninterruptible(buffer.remove(file.name))
    return rest
  }).pipe(
    Effect.tap((archived) =>
      Effect.logDebug("archived").pipe(
        Effect.annotateLogs({ key: archived.key, bytes: archived.bytes })
      )
    ),
    Effect.withSpan("BackupTopics.upload", {
      attributes: { key: file.name, bytes: file.size, records: file.facts.recordCount }
    })
  )
