/**
 * Under which root a topic's files go. The first generation of a topic lives under the prefix; a
 * topic with another id, or of another cluster, goes beside it, so that two lives never mix.
 */
import type { Option } from "effect"
import { Effect } from "effect"
import type { BufferedFile, BufferError } from "../../services/DiskBuffer.ts"
import { DiskBuffer } from "../../services/DiskBuffer.ts"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import type { Kafka, KafkaError } from "../../services/Kafka.ts"
import type { ObjectStore, StoreError } from "../../services/ObjectStore.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import { readContainer } from "../../src/codec/ContainerReader.ts"
import { generationRoot, joinPath, parseArchiveKey } from "../../src/domain/ArchiveKey.ts"
import type { Origin } from "../../src/domain/FileAccount.ts"
import type { FileFacts } from "../../src/domain/FileFacts.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { listFolders } from "../StoreReads.ts"
import { agreesWithCluster } from "./Agreement.ts"
import { BackupError } from "./Archived.ts"
import { isClaimedFor } from "./Claim.ts"
import type { NewestFile } from "./Newest.ts"
import { newestFile } from "./Newest.ts"
import type { Survey, SurveyedTopic } from "./Survey.ts"

export type GenerationFailure = StoreError | CodecError | KafkaError | BackupError | BufferError
type Env = ObjectStore | Kafka | ForeignSchema | DiskBuffer

export interface Placement {
  readonly root: string
  readonly newest: Option.Option<NewestFile>
  /** False: the newest file is of this generation, and yet not what the log holds. */
  readonly agrees: boolean
}

const laterRoot = (prefix: string, topic: string, topicId: string) =>
  joinPath(prefix) === ""
    ? Effect.fail(
      new BackupError({
        reason: "NoPrefix",
        message: `topic ${topic} is not the one that the archive holds (it was deleted and`
          + " recreated, or the cluster was rebuilt), and a second generation needs a prefix:"
          + " set -s3-prefix"
      })
    )
    : Effect.succeed(generationRoot(prefix, topicId))

const isOrigin = (origin: Origin, facts: FileFacts): boolean =>
  facts.clusterId === origin.clusterId && facts.topicId === origin.topicId

const isOurs = (origin: Origin, source: TopicPartition, newest: NewestFile) =>
  newest.facts === undefined
    ? agreesWithCluster(source, newest.key)
    : Effect.succeed(isOrigin(origin, newest.facts))

/** Partitions of the topic that have a folder, in key order. */
const partitionsOf = (root: string, topic: string, { newest, whole }: SurveyedTopic) =>
  whole
    ? Effect.succeed([...newest.keys()])
    : Effect.map(listFolders(`${joinPath(root, topic)}/`), (folders) =>
      folders.flatMap((folder) => {
        const name = folder.slice(0, -1).split("/").at(-1) ?? ""
        return /^\d+$/.test(name) ? Number(name) : []
      }))

/**
 * Whether what the prefix holds of the topic, in any other partition, is of this generation;
 * `undefined` when it holds nothing.
 */
export const topicIsOurs = (
  prefix: string,
  origin: Origin,
  { partition, topic }: TopicPartition,
  survey: Survey
): Effect.Effect<boolean | undefined, GenerationFailure, Env> =>
  Effect.gen(function*() {
    const root = joinPath(prefix)
    for (const other of yield* partitionsOf(root, topic, yield* survey.topic(root, topic))) {
      if (other === partition) continue
      const source = { topic, partition: other }
      const newest = yield* newestFile(root, source, undefined, survey)
      if (newest._tag === "Some") return yield* isOurs(origin, source, newest.value)
    }
    return undefined
  })

/** Whether the disk buffer holds a file of another life of the topic that is to go there. */
const awaitsFormerLife = (
  root: string,
  origin: Origin,
  buffered: ReadonlyArray<BufferedFile>
): Effect.Effect<boolean, BufferError, DiskBuffer> =>
  Effect.gen(function*() {
    const buffer = yield* DiskBuffer
    for (const { name } of buffered) {
      if (parseArchiveKey(name)?.root !== root) continue
      const other = yield* Effect.scoped(readContainer(buffer.read(name))).pipe(
        Effect.map(({ header: { facts } }) => facts !== undefined && !isOrigin(origin, facts)),
        // A damaged one is dealt with when its partition is opened; one that is gone was uploaded.
        Effect.catchTags({
          CodecError: () => Effect.succeed(false),
          BufferError: (error) =>
            error.reason === "NotFound" ? Effect.succeed(false) : Effect.fail(error)
        })
      )
      if (other) return true
    }
    return false
  })

export interface PlacementFacts {
  /** The buffer's files of the topic; none unless given. */
  readonly buffered?: ReadonlyArray<BufferedFile>
  /** See `newestFile`. */
  readonly hint?: bigint | undefined
  readonly survey: Survey
}

/**
 * Chooses the root of a partition by its newest file under the prefix, or, when it has none, by
 * its siblings', by what the disk buffer is still to upload, and by who has claimed the prefix, and
 * finds the newest file there.
 */
export const placePartition = (
  prefix: string,
  origin: Origin,
  source: TopicPartition,
  { buffered = [], hint, survey }: PlacementFacts
): Effect.Effect<Placement, GenerationFailure, Env> =>
  Effect.gen(function*() {
    const first = joinPath(prefix)
    const siblings = topicIsOurs(prefix, origin, source, survey)
    const newest = yield* newestFile(first, source, hint, survey)
    if (newest._tag === "Some") {
      if (yield* isOurs(origin, source, newest.value)) return { root: first, newest, agrees: true }
      // Its records are not the log's, but the topic is the same: the log was cut back.
      if (newest.value.facts === undefined && (yield* siblings)) {
        return { root: first, newest, agrees: false }
      }
    } else if (!(yield* awaitsFormerLife(first, origin, buffered))) {
      // Any other partition without a file finds the same.
      const ours = yield* survey.firstIsOurs(
        source.topic,
        Effect.flatMap(
          siblings,
          (found) =>
            found === undefined
              ? isClaimedFor(prefix, origin, source.topic, survey)
              : Effect.succeed(found)
        )
      )
      if (ours !== false) return { root: first, newest, agrees: true }
    }
    const root = yield* laterRoot(prefix, source.topic, origin.topicId)
    return { root, newest: yield* newestFile(root, source, hint, survey), agrees: true }
  })
