/** What is known of partitions that are to be opened, asked for many at once. */
import { Effect } from "effect"
import type { BufferedFile, BufferError } from "../../services/DiskBuffer.ts"
import { DiskBuffer } from "../../services/DiskBuffer.ts"
import type { CommittedOffset, PartitionOffset, TopicMetadata } from "../../services/Kafka.ts"
import { Kafka, KafkaError } from "../../services/Kafka.ts"
import type { KafkaErrorName } from "../../src/codec/kafka/ErrorCodes.ts"
import { parseArchiveKey } from "../../src/domain/ArchiveKey.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { byPartitionName, topicPartitionName } from "../../src/domain/TopicPartition.ts"
import type { Survey } from "./Survey.ts"
import { makeSurvey } from "./Survey.ts"

export interface OpeningFacts {
  readonly topic: TopicMetadata
  readonly logStart: bigint
  /** The last stable offset. */
  readonly end: bigint
  readonly highWatermark: bigint
  /** `undefined` when the group could not tell. */
  readonly committed: CommittedOffset | undefined
  /** The buffer's files of the partition. */
  readonly buffered: ReadonlyArray<BufferedFile>
  /** Those of all partitions of the topic. */
  readonly bufferedOfTopic: ReadonlyArray<BufferedFile>
  /** For this partition and those that are opened with it. */
  readonly survey: Survey
}

/** The facts of one of the partitions that were asked for; fails as Kafka's answer for it did. */
export type Gathered = (source: TopicPartition) => Effect.Effect<OpeningFacts, KafkaError>

/** Files whose names are not those of archive files are left out. */
const grouped = (files: ReadonlyArray<BufferedFile>, by: (source: TopicPartition) => string) => {
  const groups = new Map<string, Array<BufferedFile>>()
  for (const file of files) {
    const source = parseArchiveKey(file.name)
    if (source === undefined) continue
    const group = groups.get(by(source)) ?? []
    groups.set(by(source), group)
    group.push(file)
  }
  return groups
}

const refused = (
  operation: string,
  subject: string,
  reason: KafkaErrorName = "MALFORMED_RESPONSE"
) => Effect.fail(new KafkaError({ reason, operation, subject, cause: "" }))

const offsetOf = (answers: ReadonlyMap<string, PartitionOffset>, name: string) => {
  const answer = answers.get(name)
  return answer === undefined || answer.error !== undefined
    ? refused("list offsets of", name, answer?.error)
    : Effect.succeed(answer.offset)
}

export const gatherFacts = (
  groupId: string,
  sources: ReadonlyArray<TopicPartition>
): Effect.Effect<Gathered, KafkaError | BufferError, Kafka | DiskBuffer> =>
  Effect.gen(function*() {
    const kafka = yield* Kafka
    const buffer = yield* DiskBuffer
    const names = [...new Set(sources.map(({ topic }) => topic))]
    const [metadata, committed, earliest, latest, stable, files] = yield* Effect.all([
      kafka.metadata(names),
      kafka.fetchOffsets(groupId, sources),
      kafka.listOffsets(sources, "earliest"),
      kafka.listOffsets(sources, "latest"),
      kafka.listOffsets(sources, "stable"),
      buffer.list
    ], { concurrency: "unbounded" })
    const topics = new Map(metadata.topics.map((topic) => [topic.topic, topic]))
    const commits = byPartitionName(committed)
    const starts = byPartitionName(earliest)
    const ends = byPartitionName(latest)
    const stables = byPartitionName(stable)
    const ofTopic = grouped(files, ({ topic }) => topic)
    const ofPartition = grouped(files, topicPartitionName)
    const survey = makeSurvey(sources)
    return (source) =>
      Effect.gen(function*() {
        const name = topicPartitionName(source)
        const topic = topics.get(source.topic)
        if (topic === undefined || topic.error !== undefined) {
          return yield* refused("metadata of", source.topic, topic?.error)
        }
        const commit = commits.get(name)
        return {
          topic,
          logStart: yield* offsetOf(starts, name),
          end: yield* offsetOf(stables, name),
          highWatermark: yield* offsetOf(ends, name),
          committed: commit?.error === undefined ? commit : undefined,
          buffered: ofPartition.get(name) ?? [],
          bufferedOfTopic: ofTopic.get(source.topic) ?? [],
          survey
        }
      })
  })
