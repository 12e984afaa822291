/** What a topic is apart from its records, and where the archive keeps that. */
import { metaKey } from "./ArchiveKey.ts"
import { formatSnapshotTime, parseSnapshotTime } from "./SnapshotTime.ts"

export interface TopicDefinition {
  readonly topic: string
  readonly topicId: string
  readonly partitions: number
  readonly replicationFactor: number
  /** What the topic had of its own, not the brokers' defaults; `null`: it could not be read. */
  readonly configs: Readonly<Record<string, string>> | null
}

const extension = ".json"

/** What the keys of all snapshots of definitions begin with. */
export const definitionsFolder = (prefix: string): string => metaKey(prefix, "topics", "")

/** `takenAtMs`: milliseconds since the epoch. In key order the oldest is first. */
export const definitionsKey = (prefix: string, takenAtMs: number): string =>
  metaKey(prefix, "topics", `${formatSnapshotTime(takenAtMs)}${extension}`)

/** The time in such a key, milliseconds since the epoch; `undefined` for any other key. */
export const parseDefinitionsKey = (prefix: string, key: string): number | undefined => {
  const time = key.slice(definitionsFolder(prefix).length, -extension.length)
  const takenAtMs = parseSnapshotTime(time)
  return takenAtMs !== undefined && definitionsKey(prefix, takenAtMs) === key
    ? takenAtMs
    : undefined
}

const inNameOrder = <A>(entries: Readonly<Record<string, A>>): Record<string, A> =>
  Object.fromEntries(Object.entries(entries).sort(([one], [other]) => one < other ? -1 : 1))

/** The same definitions in an order that depends on them alone: topics and configs by name. */
export const ordered = (
  definitions: ReadonlyArray<TopicDefinition>
): ReadonlyArray<TopicDefinition> =>
  definitions
    .map(({ configs, partitions, replicationFactor, topic, topicId }) => ({
      topic,
      topicId,
      partitions,
      replicationFactor,
      configs: configs === null ? null : inNameOrder(configs)
    }))
    .sort((one, other) => one.topic < other.topic ? -1 : 1)
