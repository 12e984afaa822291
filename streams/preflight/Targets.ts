/** Looks at the target topics of a restore. */
import { Effect } from "effect"
import { Kafka } from "../../services/Kafka.ts"
import type { Rights } from "../../services/KafkaAdmin.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import type { Leaders } from "../Leaders.ts"
import { logOffsets, readConfigs } from "../PlanTopic.ts"
import { patiently } from "../ReadLog.ts"
import { readTail } from "../restore/TargetTail.ts"
import type { Obstacle, TargetTopic } from "./Preflight.ts"
import { decisiveConfigs } from "./Preflight.ts"

/** Topics whose configs are asked for in one request. */
const topicsTogether = 500
/** Partitions whose last record is read at once. */
const partitionsAtOnce = 8

export interface FoundTargets {
  /** By name; a topic that the cluster does not have is there with its error. */
  readonly targets: ReadonlyMap<string, TargetTopic>
  readonly brokers: number
}

/** One that may not be read does not keep the others from being read. */
const readable = (names: ReadonlyArray<string>, { topics }: Rights) =>
  Effect.gen(function*() {
    const isReadable = (name: string) => topics.get(name)?.has("DescribeConfigs") !== false
    const closed = names.filter((name) => !isReadable(name))
    if (closed.length > 0) {
      yield* Effect.annotateLogs(
        Effect.logWarning(
          "may not read topic configs (DescribeConfigs): what they forbid shows only when it fails"
        ),
        { topics: closed.join(", ") }
      )
    }
    return names.filter(isReadable)
  })

export const lookAtTargets = (leaders: Leaders, names: ReadonlyArray<string>, rights: Rights) =>
  Effect.gen(function*() {
    const kafka = yield* Kafka
    const { brokers, topics } = yield* patiently("5 seconds")(kafka.metadata(names))
    leaders.learn(topics.filter(({ error }) => error === undefined))
    const there = yield* readable(
      topics.filter(({ error }) => error === undefined).map(({ topic }) => topic),
      rights
    )
    const slices = Array.from(
      { length: Math.ceil(there.length / topicsTogether) },
      (_, at) => there.slice(at * topicsTogether, (at + 1) * topicsTogether)
    )
    const configs = yield* Effect.forEach(slices, (slice) => readConfigs(slice, decisiveConfigs))
    const found = new Map(configs.flatMap((each) => [...each]))
    const looked: FoundTargets = {
      brokers: brokers.length,
      targets: new Map(
        topics.map((metadata) => [
          metadata.topic,
          { metadata, configs: found.get(metadata.topic) ?? {} }
        ])
      )
    }
    return looked
  })

/** Partitions of one topic that hold something. */
const filled = (topic: string, partitions: ReadonlyArray<number>) =>
  Effect.gen(function*() {
    const asked = partitions.map((partition) => ({ topic, partition }))
    const starts = yield* logOffsets(asked, "earliest")
    const ends = yield* logOffsets(asked, "latest")
    return asked.filter(({ partition }) => starts.get(partition) !== ends.get(partition))
  })

const foreignIn = (leaders: Leaders, target: TopicPartition) =>
  readTail(leaders, target, true).pipe(
    Effect.as<ReadonlyArray<Obstacle>>([]),
    Effect.catchTag("RestoreFailure", ({ reason }) =>
      Effect.succeed([{
        kind: "data" as const,
        topic: target.topic,
        problem: `partition ${target.partition}: ${reason}`,
        remedy: "restore under another name (-restore-topic-prefix, -rename)"
      }]))
  )

/** Target partitions in which somebody else has written. */
export const foreignData = (
  leaders: Leaders,
  topic: string,
  partitions: ReadonlyArray<number>
) =>
  Effect.flatMap(filled(topic, partitions), (targets) =>
    Effect.map(
      Effect.forEach(targets, (target) => foreignIn(leaders, target), {
        concurrency: partitionsAtOnce
      }),
      (found) => found.flat()
    ))
