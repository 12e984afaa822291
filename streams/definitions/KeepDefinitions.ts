/** Writes down what the topics of a backup are, whenever that changes. */
import { Clock, Effect } from "effect"
import type { TopicMetadata } from "../../services/Kafka.ts"
import { Kafka } from "../../services/Kafka.ts"
import type { ObjectStore } from "../../services/ObjectStore.ts"
import type { TopicDefinition } from "../../src/domain/TopicDefinition.ts"
import { listDefinitions, readDefinitions, sameText, writeDefinitions } from "./DefinitionsStore.ts"

/** What the newest snapshot in the archive says; `undefined`: there is none, or it is damaged. */
const newestText = (prefix: string) =>
  Effect.gen(function*() {
    const newest = (yield* listDefinitions(prefix)).at(-1)
    if (newest === undefined) return undefined
    return yield* Effect.map(readDefinitions(newest), sameText).pipe(
      Effect.catchTag(
        "CodecError",
        (error) => Effect.as(Effect.logWarning(error.message), undefined)
      )
    )
  })

/** Milliseconds between two looks at configs alone; other changes show in the metadata. */
const configsEveryMs = 300_000

/** What metadata says that a definition holds. */
const shapeOf = (topics: ReadonlyArray<TopicMetadata>): string =>
  topics.map(({ partitions, topic, topicId }) =>
    `${topic} ${topicId} ${partitions.length} ${partitions[0]?.replicas.length ?? -1}`
  ).join("\n")

/** Of a topic that is gone since its metadata was asked for there is none. */
const define = (
  topics: ReadonlyArray<TopicMetadata>,
  overrides: ReadonlyMap<string, Readonly<Record<string, string>> | undefined>
): ReadonlyArray<TopicDefinition> =>
  topics.flatMap(({ partitions, topic, topicId }) =>
    overrides.has(topic)
      ? [{
        topic,
        topicId,
        partitions: partitions.length,
        replicationFactor: partitions[0]?.replicas.length ?? -1,
        configs: overrides.get(topic) ?? null
      }]
      : []
  )

/**
 * Returns what is to be called with the present topics again and again. It never fails: what could
 * not be written is a warning, and tried again by the next call. Each member of a group does this;
 * who finds in the archive what it would write writes nothing, and two equal snapshots are harmless.
 */
export const makeKeepDefinitions = (prefix: string, clusterId: string) => {
  let known: string | undefined
  /** When configs were asked for with success, and of which topics. */
  let asked = { atMs: 0, shape: "" }
  let warned = false

  const warnOnce = Effect.suspend(() => {
    if (warned) return Effect.void
    warned = true
    return Effect.logWarning(
      "may not read topic configs (DescribeConfigs), the definitions of topics are kept without"
    )
  })

  const overridesOf = (names: ReadonlyArray<string>) =>
    Effect.flatMap(Kafka, (kafka) => kafka.topicOverrides(names)).pipe(
      Effect.catchIf(
        ({ reason }) =>
          reason === "CLUSTER_AUTHORIZATION_FAILED" || reason === "TOPIC_AUTHORIZATION_FAILED",
        () => Effect.succeed(new Map(names.map((name) => [name, undefined] as const)))
      ),
      Effect.tap((found) => [...found.values()].includes(undefined) ? warnOnce : Effect.void)
    )

  return (topics: ReadonlyArray<TopicMetadata>): Effect.Effect<void, never, Kafka | ObjectStore> =>
    Effect.gen(function*() {
      if (topics.length === 0) return
      const nowMs = yield* Clock.currentTimeMillis
      const shape = shapeOf(topics)
      if (shape === asked.shape && nowMs - asked.atMs < configsEveryMs) return
      const overrides = yield* overridesOf(topics.map(({ topic }) => topic))
      const taken = { version: 1 as const, clusterId, topics: define(topics, overrides) }
      const text = sameText(taken)
      if (text !== known && taken.topics.length > 0 && (yield* newestText(prefix)) !== text) {
        const key = yield* writeDefinitions(prefix, nowMs, taken)
        yield* Effect.annotateLogs(Effect.logInfo("topic definitions kept"), {
          key,
          topics: taken.topics.length
        })
      }
      known = text
      asked = { atMs: nowMs, shape }
    }).pipe(
      Effect.catchAll((error) =>
        Effect.logWarning("topic definitions could not be kept, trying again").pipe(
          Effect.annotateLogs({ error: error.message })
        )
      )
    )
}
