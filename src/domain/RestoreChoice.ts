/** What of an archive is to be restored, and under which names. */
import type { RecordRange } from "./RecordRange.ts"
import type { TopicPartition } from "./TopicPartition.ts"
import { topicPartitionName } from "./TopicPartition.ts"

export interface RestoreChoice {
  /** Names in the target by those in the source, before any prefix; no two the same. */
  readonly rename: ReadonlyMap<string, string>
  /** Partitions by source topic; of a topic that is not here, all. */
  readonly partitions: ReadonlyMap<string, ReadonlySet<number>>
  /** Milliseconds since the epoch, by the records' timestamps; `undefined`: unbounded. */
  readonly fromTimeMs: bigint | undefined
  /** Excluded itself. */
  readonly toTimeMs: bigint | undefined
  /** By name of the source partition: the first offset that is not meant any more. */
  readonly toOffsets: ReadonlyMap<string, bigint>
}

export const everything: RestoreChoice = {
  rename: new Map(),
  partitions: new Map(),
  fromTimeMs: undefined,
  toTimeMs: undefined,
  toOffsets: new Map()
}

export const isChosen = (
  { partitions }: RestoreChoice,
  { partition, topic }: TopicPartition
): boolean => partitions.get(topic)?.has(partition) ?? true

/** Which records of the partition are meant. */
export const rangeOf = (
  { fromTimeMs, toOffsets, toTimeMs }: RestoreChoice,
  source: TopicPartition
): RecordRange => ({
  fromOffset: undefined,
  toOffset: toOffsets.get(topicPartitionName(source)),
  fromTimeMs,
  toTimeMs
})

export const choosesTimes = ({ fromTimeMs, toTimeMs }: RestoreChoice): boolean =>
  fromTimeMs !== undefined || toTimeMs !== undefined

export interface TargetNames {
  readonly topicPrefix: string
  readonly choice: RestoreChoice
}

/** What the topic is called where it is restored to. */
export const targetTopic = ({ choice, topicPrefix }: TargetNames, source: string): string =>
  `${topicPrefix}${choice.rename.get(source) ?? source}`

/** Another topic that is renamed to the name which this one keeps; they would mix. */
export const clashOf = ({ rename }: RestoreChoice, source: string): string | undefined => {
  if (rename.has(source)) return undefined
  for (const [other, name] of rename) if (name === source) return other
  return undefined
}

/** Source topics that the choice names. */
export const topicsNamed = (
  { partitions, rename, toOffsets }: RestoreChoice
): ReadonlySet<string> =>
  new Set([
    ...rename.keys(),
    ...partitions.keys(),
    ...[...toOffsets.keys()].map((name) => name.slice(0, name.lastIndexOf("-")))
  ])
