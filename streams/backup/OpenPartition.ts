/**
 * Where the backup of a partition goes on. The archive is the truth: the watermark comes from its
 * newest file; the disk buffer may continue it; the committed offset is only a hint.
 */
import { Effect, Option } from "effect"
import type { BufferedFile } from "../../services/DiskBuffer.ts"
import { DiskBuffer } from "../../services/DiskBuffer.ts"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import type { CommittedOffset } from "../../services/Kafka.ts"
import { Kafka } from "../../services/Kafka.ts"
import { ObjectStore } from "../../services/ObjectStore.ts"
import { parseArchiveKey } from "../../src/domain/ArchiveKey.ts"
import type { Origin } from "../../src/domain/FileAccount.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import { readObject } from "../StoreReads.ts"
import { archiveFile } from "./Archive.ts"
import type { PartitionFailure } from "./Archived.ts"
import { BackupError } from "./Archived.ts"
import { fileDigests, lastOffset } from "./Digests.ts"
import { placePartition } from "./Generation.ts"
import type { GrowingFile } from "./GrowingFile.ts"
import type { NewestFile } from "./Newest.ts"
import type { OpeningFacts } from "./OpeningFacts.ts"
import { accountedFor } from "./Reconcile.ts"
import { recoverFile } from "./Recovery.ts"
import { setAside } from "./SetAside.ts"

export interface OpenedPartition {
  readonly root: string
  /** Everything below is in the archive. */
  readonly watermark: bigint
  /** Buffer files that continue the archive one after the other; the last may still grow. */
  readonly files: ReadonlyArray<GrowingFile>
  /** First offset of the newest archive file: a hint for the next opening. */
  readonly newestFirst: bigint | undefined
}

const hintPrefix = "newest archive file: "

/** The metadata of a committed offset: which archive file was the newest. */
export const commitMetadata = (newestFirst: bigint | undefined): string | null =>
  newestFirst === undefined ? null : `${hintPrefix}${newestFirst}`

const hintOf = (committed: CommittedOffset | undefined): bigint | undefined => {
  const digits = committed?.metadata?.startsWith(hintPrefix) === true
    ? committed.metadata.slice(hintPrefix.length)
    : ""
  return /^\d{1,19}$/.test(digits) ? BigInt(digits) : undefined
}

/** The high watermark now: between the first look and this one others may have gone on. */
const highWatermarkOf = (source: TopicPartition) =>
  Effect.flatMap(
    Kafka,
    (kafka) =>
      Effect.map(kafka.listOffsets([source], "latest"), ([answer]) =>
        answer === undefined || answer.error !== undefined ? undefined : answer.offset)
  )

/** The offset after the last record that the newest file accounts for. */
const coverageNextOf = (newest: NewestFile) =>
  newest.facts === undefined
    ? Effect.map(fileDigests(readObject(newest.key), "key and value"), (digests) => {
      const last = lastOffset(digests)
      return last === undefined ? newest.firstOffset : last + 1n
    })
    : Effect.succeed(newest.facts.coverageNext)

/** Deletes a file that the archive covers; Conflict when the object of its key says otherwise. */
const removeCovered = (file: GrowingFile) =>
  Effect.gen(function*() {
    const buffer = yield* DiskBuffer
    const store = yield* ObjectStore
    if (Option.isSome(yield* store.head(file.name))) yield* accountedFor(file)
    yield* buffer.remove(file.name)
  })

/** A file of a former life of the topic, of which the cluster has nothing any more. */
const archiveFormer = (file: GrowingFile) =>
  Effect.catchTag(
    Effect.asVoid(archiveFile(file, { patience: "30 seconds" })),
    "BackupError",
    ({ message }) => setAside(file.name, message)
  )

/**
 * Sorts the buffer's files of the partition: those that continue the watermark are returned, those
 * that the archive covers deleted, those of a former generation uploaded, all others set aside.
 */
const continuing = (
  found: ReadonlyArray<BufferedFile>,
  origin: Origin,
  root: string,
  watermark: bigint
) =>
  Effect.gen(function*() {
    const files: Array<GrowingFile> = []
    let next = watermark
    for (const candidate of found) {
      const file = yield* recoverFile(candidate)
      if (file === undefined) continue
      const { clusterId, coverageNext, coverageStart, topicId } = file.facts
      if (clusterId !== origin.clusterId || topicId !== origin.topicId) {
        yield* archiveFormer(file)
      } else if (parseArchiveKey(file.name)?.root !== root) {
        yield* setAside(file.name, `the archive of its topic is under ${root} now`)
      } else if (coverageNext <= watermark) {
        yield* removeCovered(file)
      } else if (coverageNext <= next) {
        yield* setAside(file.name, "a buffer file before it holds the same records")
      } else if (coverageStart > next) {
        yield* setAside(file.name, `it begins at ${coverageStart}, the archive ends at ${next}`)
      } else {
        files.push(file)
        next = coverageNext
      }
    }
    return files
  })

export const openPartition = (
  prefix: string,
  origin: Origin,
  source: TopicPartition,
  { buffered, bufferedOfTopic, committed, highWatermark, logStart }: OpeningFacts
): Effect.Effect<
  OpenedPartition,
  PartitionFailure,
  Kafka | ObjectStore | DiskBuffer | ForeignSchema
> =>
  Effect.gen(function*() {
    const { newest, root } = yield* placePartition(
      prefix,
      origin,
      source,
      bufferedOfTopic,
      hintOf(committed)
    )
    const watermark = Option.isSome(newest) ? yield* coverageNextOf(newest.value) : logStart
    const latest = watermark <= highWatermark ? highWatermark : yield* highWatermarkOf(source)
    if (latest !== undefined && watermark > latest) {
      return yield* new BackupError({
        reason: "BeyondLog",
        message:
          `the archive holds ${topicPartitionName(source)} up to offset ${watermark}, but its`
          + ` log ends at ${latest}: it was cut back after an unclean leader election`
      })
    }
    const files = yield* continuing(buffered, origin, root, watermark)
    const newestFirst = Option.getOrUndefined(Option.map(newest, (file) => file.firstOffset))
    return { root, watermark, files, newestFirst }
  })
