/** What a plan comes to, topic by topic, as far as the archive files say. */
import { Effect, Stream } from "effect"
import type { ObjectStore, StoreError } from "../../services/ObjectStore.ts"
import type { PlannedFile } from "../../src/domain/Plan.ts"
import type { StoredFile } from "../ArchiveFiles.ts"
import { storedFile } from "../ArchiveFiles.ts"

export interface SurveyedTopic {
  /** Its name in the archive. */
  readonly topic: string
  /** Of which there are files to restore. */
  readonly partitions: ReadonlySet<number>
  /** That the source had, the empty ones too; at least one more than the highest of them. */
  readonly partitionCount: number
  readonly files: number
  /** In the archive, compressed. */
  readonly bytes: number
  /** Those of the largest partition. */
  readonly largestPartition: number
  /** Of those files, whole; `undefined`: some do not say. */
  readonly records: number | undefined
  /** Bytes of the largest record, where files say so; 0 where none does. */
  readonly largestRecord: number
  /** Milliseconds since the epoch, where files say so. */
  readonly minTimestamp: bigint | undefined
  readonly maxTimestamp: bigint | undefined
  /** What is wrong with files that do not say what they are, each in a sentence. */
  readonly damages: ReadonlyArray<string>
}

/** Files asked for what they hold at once. */
const filesAtOnce = 32

interface Sum extends SurveyedTopic {
  /** Bytes by partition, added to in place. */
  readonly bytesOf: Map<number, number>
}

const nothing = (topic: string): Sum => ({
  bytesOf: new Map(),
  topic,
  partitions: new Set(),
  partitionCount: 0,
  files: 0,
  bytes: 0,
  largestPartition: 0,
  records: 0,
  largestRecord: 0,
  minTimestamp: undefined,
  maxTimestamp: undefined,
  damages: []
})

const least = (one: bigint | undefined, other: bigint): bigint =>
  one === undefined || other < one ? other : one

const most = (one: bigint | undefined, other: bigint): bigint =>
  one === undefined || other > one ? other : one

interface KnownFile extends StoredFile {
  readonly damage: string | undefined
}

/** One that is damaged is named with all else that is in the way. */
const known = (key: string) =>
  Effect.map(storedFile(key), (stored): KnownFile => ({ ...stored, damage: undefined })).pipe(
    Effect.catchTag(
      "CodecError",
      ({ message }) => Effect.succeed({ size: 0, facts: undefined, damage: message })
    )
  )

const withFile = (
  sum: Sum,
  { partition }: PlannedFile,
  { damage, facts, size }: KnownFile
): Sum => {
  const ofPartition = (sum.bytesOf.get(partition) ?? 0) + size
  sum.bytesOf.set(partition, ofPartition)
  const counted = {
    ...sum,
    partitions: sum.partitions.has(partition)
      ? sum.partitions
      : new Set([...sum.partitions, partition]),
    partitionCount: Math.max(sum.partitionCount, partition + 1),
    files: sum.files + 1,
    bytes: sum.bytes + size,
    largestPartition: Math.max(sum.largestPartition, ofPartition)
  }
  if (facts === undefined) {
    const damages = damage === undefined ? sum.damages : [...sum.damages, damage]
    return { ...counted, records: undefined, damages }
  }
  return {
    ...counted,
    partitionCount: Math.max(counted.partitionCount, facts.partitionCount),
    records: sum.records === undefined ? undefined : sum.records + facts.recordCount,
    largestRecord: Math.max(sum.largestRecord, facts.largestRecord),
    minTimestamp: least(sum.minTimestamp, facts.minTimestamp),
    maxTimestamp: most(sum.maxTimestamp, facts.maxTimestamp)
  }
}

/** Topics in plan order. Makes one request for each file. */
export const surveyPlan = <E, R>(
  files: Stream.Stream<PlannedFile, E, R>
): Effect.Effect<
  ReadonlyArray<SurveyedTopic>,
  E | StoreError,
  R | ObjectStore
> =>
  files.pipe(
    Stream.mapEffect(
      (file) => Effect.map(known(file.key), (stored) => ({ file, stored })),
      { concurrency: filesAtOnce }
    ),
    Stream.runFold(new Map<string, Sum>(), (topics, { file, stored }) =>
      topics.set(
        file.topic,
        withFile(topics.get(file.topic) ?? nothing(file.topic), file, stored)
      )),
    Effect.map((topics): ReadonlyArray<SurveyedTopic> => [...topics.values()])
  )
