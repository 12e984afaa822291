/** What is known of topics, deleted ones included: the newest snapshot that holds each. */
import { Effect } from "effect"
import type { StoreError } from "../../services/ObjectStore.ts"
import type { ObjectStore } from "../../services/ObjectStore.ts"
import type { TopicDefinition } from "../../src/domain/TopicDefinition.ts"
import type { DefinitionsEntry } from "./DefinitionsStore.ts"
import { listDefinitions, readDefinitions } from "./DefinitionsStore.ts"

/** By topic; one of which nothing is known is missing. */
export type Definitions = ReadonlyMap<string, TopicDefinition>

/** A damaged snapshot is passed over with a warning that names it. */
const topicsIn = (entry: DefinitionsEntry) =>
  Effect.map(readDefinitions(entry), ({ topics }) => topics).pipe(
    Effect.catchTag("CodecError", (error) =>
      Effect.as(
        Effect.logWarning("definitions passed over, the next older ones are tried").pipe(
          Effect.annotateLogs({ error: error.message })
        ),
        []
      ))
  )

/** What could not be read then is as the same life of the topic had it before. */
const withConfigs = (newer: TopicDefinition, older: TopicDefinition): TopicDefinition =>
  newer.configs === null && newer.topicId === older.topicId
    ? { ...newer, configs: older.configs }
    : newer

/**
 * Reads snapshots from the newest back until each of the topics is known with its configs.
 * `atMs`: milliseconds since the epoch; only what was written then or before. Absent: everything.
 */
export const findDefinitions = (
  prefix: string,
  topics: ReadonlyArray<string>,
  atMs = Number.POSITIVE_INFINITY
): Effect.Effect<Definitions, StoreError, ObjectStore> =>
  Effect.gen(function*() {
    const found = new Map<string, TopicDefinition>()
    const open = new Set(topics)
    const entries = yield* listDefinitions(prefix)
    for (const entry of [...entries].reverse()) {
      if (open.size === 0) break
      if (entry.takenAtMs > atMs) continue
      for (const definition of yield* topicsIn(entry)) {
        const { topic } = definition
        if (!open.has(topic)) continue
        const newer = found.get(topic)
        const known = newer === undefined ? definition : withConfigs(newer, definition)
        found.set(topic, known)
        if (known.configs !== null) open.delete(topic)
      }
    }
    return found
  })
