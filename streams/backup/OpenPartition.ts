/**
 * Where the backup of a partition goes on. The archive is the truth: the watermark comes from its
 * newest file; the disk buffer may continue it; the committed offset is only a hint.
 */
import { Effect, Option } from "effect"
import type { BufferedFile } from "../../services/DiskBuffer.ts"
import { DiskBuffer } from "../../services/DiskBuffer.ts"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import { Kafka } from "../../services/Kafka.ts"
import { ObjectStore } from "../../services/ObjectStore.ts"
import { parseArchiveKey } from "../../src/domain/ArchiveKey.ts"
import type { Origin } from "../../src/domain/FileAccount.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import { archiveFile } from "./Archive.ts"
import type { PartitionFailure } from "./Archived.ts"
import { BackupError } from "./Archived.ts"
import { isOnLog } from "./Branches.ts"
import type { GrowingFile } from "./GrowingFile.ts"
import { isHeld } from "./Held.ts"
import type { OpeningFacts } from "./OpeningFacts.ts"
import type { Place } from "./Place.ts"
import { whereItGoesOn } from "./Place.ts"
import { accountedFor } from "./Reconcile.ts"
import { recoverFile } from "./Recovery.ts"
import { setAside } from "./SetAside.ts"
import { makeSurvey } from "./Survey.ts"

export interface OpenedPartition {
  readonly root: string
  /** Everything below is in the archive. */
  readonly watermark: bigint
  /** Buffer files that continue the archive one after the other; the last may still grow. */
  readonly files: ReadonlyArray<GrowingFile>
  /** First offset of the newest archive file: a hint for the next opening. */
  readonly newestFirst: bigint | undefined
  /** Leader epoch of the last batch before what is read next; -1 unknown. */
  readonly lastEpoch: number
}

/** The high watermark now: between the first look and this one others may have gone on. */
const highWatermarkOf = (source: TopicPartition) =>
  Effect.flatMap(
    Kafka,
    (kafka) =>
      Effect.map(kafka.listOffsets([source], "latest"), ([answer]) =>
        answer === undefined || answer.error !== undefined ? undefined : answer.offset)
  )

/**
 * Deletes a file that the archive covers, and uploads what it lacks of it all the same; Conflict
 * when the object of its key says otherwise.
 */
const settleCovered = (file: GrowingFile) =>
  Effect.gen(function*() {
    const buffer = yield* DiskBuffer
    const store = yield* ObjectStore
    const { coverageNext, coverageStart } = file.facts
    const taken = Option.isSome(yield* store.head(file.name))
    const accounted = taken ? yield* accountedFor(file) : coverageStart
    if (accounted >= coverageNext || (yield* isHeld(file, accounted))) {
      yield* buffer.remove(file.name)
    } else yield* archiveFile(file, { patience: "30 seconds" })
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
 * that the archive covers deleted, those of a former generation or branch and those that it lacks
 * uploaded, all others set aside.
 */
const continuing = (
  found: ReadonlyArray<BufferedFile>,
  origin: Origin,
  { former, root, watermark }: Place
) =>
  Effect.gen(function*() {
    const files: Array<GrowingFile> = []
    let next = watermark
    for (const candidate of found) {
      const file = yield* recoverFile(candidate)
      if (file === undefined) continue
      const { clusterId, coverageNext, coverageStart, topicId } = file.facts
      const itsRoot = parseArchiveKey(file.name)?.root ?? ""
      if (
        clusterId !== origin.clusterId || topicId !== origin.topicId || former.includes(itsRoot)
      ) {
        yield* archiveFormer(file)
      } else if (itsRoot !== root) {
        yield* setAside(file.name, `the archive of its topic is under ${root} now`)
      } else if (coverageNext <= watermark) {
        yield* settleCovered(file)
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

type Env = Kafka | ObjectStore | DiskBuffer | ForeignSchema

export const openPartition = (
  prefix: string,
  origin: Origin,
  source: TopicPartition,
  facts: OpeningFacts
): Effect.Effect<OpenedPartition, PartitionFailure, Env> =>
  Effect.gen(function*() {
    const { buffered, highWatermark, topic } = facts
    const leaderEpoch = topic.partitions.find(({ partition }) =>
      partition === source.partition
    )?.leaderEpoch ?? -1
    const place = yield* whereItGoesOn(prefix, origin, source, leaderEpoch, facts)
    const { lastEpoch, newestFirst, root, watermark } = place
    const latest = watermark <= highWatermark ? highWatermark : yield* highWatermarkOf(source)
    if (latest !== undefined && watermark > latest) {
      return yield* new BackupError({
        reason: "BeyondLog",
        message:
          `the archive holds ${topicPartitionName(source)} up to offset ${watermark}, but its`
          + ` log ends at ${latest}: it was cut back, or its leader has only just begun to lead`
      })
    }
    const files = yield* continuing(buffered, origin, place)
    const last = files.at(-1)
    if (last !== undefined && !(yield* isOnLog(source, last.facts, leaderEpoch))) {
      // Kafka has lost what they hold: it is kept in the archive, and what follows branches off.
      for (const file of files) yield* archiveFile(file, { patience: "30 seconds" })
      const survey = makeSurvey([])
      return yield* openPartition(prefix, origin, source, { ...facts, survey })
    }
    return {
      root,
      watermark,
      files,
      newestFirst,
      lastEpoch: last?.facts.lastLeaderEpoch ?? lastEpoch
    }
  })
