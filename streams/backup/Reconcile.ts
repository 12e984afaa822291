/** The key of a file exists already: is it ours, does it cover ours, does it contradict ours? */
import { Effect, Option, Stream } from "effect"
import { DiskBuffer } from "../../services/DiskBuffer.ts"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import { ObjectStore, StoreError } from "../../services/ObjectStore.ts"
import { crc32c } from "../../src/codec/Crc32c.ts"
import { storedFacts } from "../ArchiveFiles.ts"
import { readObject } from "../StoreReads.ts"
import type { PartitionFailure } from "./Archived.ts"
import { BackupError } from "./Archived.ts"
import type { Compared } from "./Digests.ts"
import { fileDigests, firstDifference, firstMissing, lastOffset } from "./Digests.ts"
import type { GrowingFile } from "./GrowingFile.ts"
import { splitOff } from "./SplitOff.ts"

const conflict = (message: string) => new BackupError({ reason: "Conflict", message })

const bufferBytes = (file: GrowingFile) =>
  Effect.map(DiskBuffer, (buffer) =>
    Stream.mapError(
      buffer.read(file.name),
      (cause) => new StoreError({ reason: "Invalid", operation: "read", key: file.name, cause })
    ))

/** The very same file: what a repeated upload finds whose first answer was lost. */
const sameBytes = (file: GrowingFile) =>
  Effect.gen(function*() {
    const buffer = yield* DiskBuffer
    const store = yield* ObjectStore
    const size = Option.map(yield* store.head(file.name), (info) => info.size)
    if (!Option.contains(size, file.size)) return false
    const theirs = yield* Stream.runFold(
      readObject(file.name),
      undefined as number | undefined,
      (sum, bytes) => crc32c(bytes, sum)
    )
    return theirs === (yield* buffer.checksum(file.name))
  })

/** What both hold, compared, and the first offset that the archive lacks. */
const compare = (file: GrowingFile, compared: Compared) =>
  Effect.gen(function*() {
    const archived = yield* fileDigests(readObject(file.name), compared)
    const last = lastOffset(archived)
    // What lies beyond is to be archived whatever it is.
    const buffered = yield* fileDigests(yield* bufferBytes(file), compared, last ?? -1n)
    const difference = firstDifference(buffered, archived)
    return { difference, last, missing: firstMissing(buffered, archived) }
  })

/**
 * Up to which offset the object with the file's key accounts for the file's coverage. Fails with
 * Conflict when the two hold different records at an offset.
 */
export const accountedFor = (
  file: GrowingFile
): Effect.Effect<bigint, PartitionFailure, DiskBuffer | ForeignSchema | ObjectStore> =>
  Effect.gen(function*() {
    const theirs = yield* storedFacts(file.name)
    const { clusterId, coverageNext, coverageStart, topicId } = file.facts
    if (theirs !== undefined && (theirs.clusterId !== clusterId || theirs.topicId !== topicId)) {
      return yield* conflict(
        `${file.name} belongs to topic id ${theirs.topicId} of cluster ${theirs.clusterId}, not to`
          + ` topic id ${topicId} of cluster ${clusterId}; it is left as it is`
      )
    }
    if (yield* sameBytes(file)) return coverageNext
    const quick = theirs && (yield* compare(file, "bytes"))
    const { difference, last, missing = coverageNext } = quick && quick.difference === undefined
      ? quick
      : yield* compare(file, theirs === undefined ? "key and value" : "everything")
    if (difference !== undefined) {
      return yield* conflict(
        `${file.name} holds another record at offset ${difference} than the cluster; the buffer`
          + " keeps what was read, and the partition is stopped"
      )
    }
    const next = theirs?.coverageNext ?? (last === undefined ? coverageStart : last + 1n)
    // Retention can have removed from Kafka, before they read it, what the buffer holds.
    const accounted = next < missing ? next : missing
    return accounted < coverageNext ? accounted : coverageNext
  })

export interface Reconciled {
  /** Up to which offset the archive accounts for the file's coverage. */
  readonly coverageNext: bigint
  /** The records that it does not hold, as a buffer file of their own. */
  readonly remainder: GrowingFile | undefined
}

/** Compares the file with the object that has its key; fails as `accountedFor`. */
export const reconcile = (
  file: GrowingFile
): Effect.Effect<Reconciled, PartitionFailure, DiskBuffer | ForeignSchema | ObjectStore> =>
  Effect.gen(function*() {
    const coverageNext = yield* accountedFor(file)
    if (coverageNext === file.facts.coverageNext) return { coverageNext, remainder: undefined }
    return { coverageNext, remainder: yield* splitOff(file, coverageNext) }
  })
