/** Finds the partitions of a snapshot that hold no data: a restore would wait for them for ever. */
import { Effect } from "effect"
import type { PartitionOffset } from "../../services/Kafka.ts"
import { Kafka } from "../../services/Kafka.ts"
import type { GroupPositions } from "../../src/domain/GroupSnapshot.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import { patiently } from "../ReadLog.ts"

/** Each (topic, partition) that any group has a position in, once. */
const partitionsOf = (groups: ReadonlyArray<GroupPositions>): ReadonlyArray<TopicPartition> => {
  const found = new Map<string, Set<number>>()
  for (const { topics } of groups) {
    for (const { partitions, topic } of topics) {
      const known = found.get(topic) ?? new Set()
      found.set(topic, known)
      for (const { partition } of partitions) known.add(partition)
    }
  }
  return [...found].flatMap(([topic, partitions]) =>
    Array.from(partitions, (partition) => ({ topic, partition }))
  )
}

const known = (answers: ReadonlyArray<PartitionOffset>): ReadonlyMap<string, bigint> =>
  new Map(
    answers.filter(({ error, offset }) => error === undefined && offset >= 0n).map((answer) => [
      topicPartitionName(answer),
      answer.offset
    ])
  )

/**
 * Names (`topic-partition`) of the partitions that begin where they end. One that is unknown, or
 * cannot be asked, counts as holding data. Never fails.
 */
export const emptyPartitions = (
  groups: ReadonlyArray<GroupPositions>
): Effect.Effect<ReadonlySet<string>, never, Kafka> =>
  Effect.gen(function*() {
    const kafka = yield* Kafka
    const partitions = partitionsOf(groups)
    if (partitions.length === 0) return new Set<string>()
    const offsets = (at: "earliest" | "latest") =>
      Effect.map(patiently("5 seconds")(kafka.listOffsets(partitions, at)), known)
    // The start first: what arrives in between then makes the partition one that holds data.
    const starts = yield* offsets("earliest")
    const ends = yield* offsets("latest")
    const empty = [...starts].filter(([name, start]) => ends.get(name) === start)
    return new Set(empty.map(([name]) => name))
  }).pipe(Effect.catchAll((error) =>
    Effect.as(
      Effect.logWarning(
        "cannot ask which partitions hold no data: positions in such are kept this time"
      ).pipe(Effect.annotateLogs({ error: error.message })),
      new Set<string>()
    )
  ))

/** The groups without these partitions, and without topics that have none left. All groups stay. */
export const withoutPartitions = (
  groups: ReadonlyArray<GroupPositions>,
  left: ReadonlySet<string>
): ReadonlyArray<GroupPositions> =>
  left.size === 0 ? groups : groups.map(({ groupId, topics }) => ({
    groupId,
    topics: topics.map(({ partitions, topic }) => ({
      topic,
      partitions: partitions.filter(
        ({ partition }) => !left.has(topicPartitionName({ topic, partition }))
      )
    })).filter(({ partitions }) => partitions.length > 0)
  }))
