/** Topics as the controller keeps them: creating, deleting, growing, configs. */
import { Effect, Schedule } from "effect"
import type { TopicConfigsToSet } from "../../src/codec/kafka/AlterConfigs.ts"
import * as AlterConfigs from "../../src/codec/kafka/AlterConfigs.ts"
import type { Api } from "../../src/codec/kafka/Api.ts"
import { describeTopicConfigs } from "../../src/codec/kafka/DescribeConfigs.ts"
import type { TopicResult } from "../../src/codec/kafka/Topics.ts"
import * as TopicsApi from "../../src/codec/kafka/Topics.ts"
import type { KafkaError, TopicMetadata } from "../Kafka.ts"
import type { NewTopic } from "../KafkaAdmin.ts"
import type { Connections } from "./Calls.ts"
import { accepted, askMetadata, callBroker, changeTimeoutMs, failed } from "./Calls.ts"

const adminLane = "admin"

/** All configs of so many topics are about a megabyte. */
const topicsAtOnce = 500

/** A broker learns of a change a moment after the controller made it. */
const untilSeen = Schedule.spaced("50 millis").pipe(Schedule.upTo("5 seconds"))

const controllerRetries = Schedule.spaced("500 millis").pipe(Schedule.intersect(Schedule.recurs(5)))

export const makeTopics = (connections: Connections) => {
  const atController = <Request>(
    operation: string,
    api: Api<Request, ReadonlyArray<TopicResult>>,
    request: Request
  ): Effect.Effect<void, KafkaError> =>
    askMetadata(connections, []).pipe(
      Effect.flatMap(({ controllerId }) =>
        callBroker(
          connections,
          { broker: controllerId, lane: adminLane, waitMs: changeTimeoutMs },
          api,
          request
        )
      ),
      Effect.flatMap(
        Effect.forEach((answer) => accepted(answer, operation, answer.topic, answer.detail), {
          discard: true
        })
      ),
      Effect.retry({
        schedule: controllerRetries,
        while: ({ reason }) => reason === "NOT_CONTROLLER" || reason === "BROKER_NOT_AVAILABLE"
      })
    )

  /** Waits until a broker shows the change; a broker that is late is not an error. */
  const seen = (topics: ReadonlyArray<string>, done: (topic: TopicMetadata) => boolean) =>
    askMetadata(connections, topics).pipe(
      Effect.filterOrFail(
        (metadata) => metadata.topics.every(done),
        () => failed("LEADER_NOT_AVAILABLE", "metadata", topics.join(","))
      ),
      Effect.retry({
        schedule: untilSeen,
        while: ({ reason }) => reason === "LEADER_NOT_AVAILABLE"
      }),
      Effect.ignore
    )

  const createTopics = (topics: ReadonlyArray<NewTopic>) =>
    atController("createTopics", TopicsApi.createTopics, { topics, timeoutMs: changeTimeoutMs })
      .pipe(
        Effect.zipRight(seen(
          topics.map(({ topic }) => topic),
          (topic) =>
            topic.error === undefined && topic.partitions.every(({ leader }) => leader >= 0)
        ))
      )

  const deleteTopics = (topics: ReadonlyArray<string>) =>
    atController("deleteTopics", TopicsApi.deleteTopics, { topics, timeoutMs: changeTimeoutMs })
      .pipe(Effect.zipRight(seen(topics, (topic) => topic.error !== undefined)))

  const createPartitions = (topic: string, total: number) =>
    atController("createPartitions", TopicsApi.createPartitions, {
      topic,
      total,
      timeoutMs: changeTimeoutMs
    }).pipe(
      Effect.zipRight(
        seen(
          [topic],
          ({ partitions }) =>
            partitions.length >= total && partitions.every(({ leader }) => leader >= 0)
        )
      )
    )

  const topicConfigs = Effect.fnUntraced(function*(
    topics: ReadonlyArray<string>,
    names: ReadonlyArray<string>
  ) {
    const found = new Map<string, Readonly<Record<string, string>>>()
    if (topics.length === 0) return found
    for (const answer of yield* connections.callAny(describeTopicConfigs, { topics, names })) {
      if (answer.error === "UNKNOWN_TOPIC_OR_PARTITION") continue
      const { configs } = yield* accepted(answer, "topicConfigs", answer.topic, answer.detail)
      found.set(answer.topic, configs)
    }
    return found
  })

  const topicOverrides = Effect.fnUntraced(function*(topics: ReadonlyArray<string>) {
    const found = new Map<string, Readonly<Record<string, string>> | undefined>()
    for (let at = 0; at < topics.length; at += topicsAtOnce) {
      const request = { topics: topics.slice(at, at + topicsAtOnce), names: undefined }
      for (const answer of yield* connections.callAny(describeTopicConfigs, request)) {
        const { detail, error, overrides, topic } = answer
        if (error === "UNKNOWN_TOPIC_OR_PARTITION") continue
        if (error === "TOPIC_AUTHORIZATION_FAILED") found.set(topic, undefined)
        else {
          yield* accepted(answer, "topicOverrides", topic, detail)
          found.set(topic, overrides)
        }
      }
    }
    return found
  })

  const alterTopicConfigs = (topics: ReadonlyArray<TopicConfigsToSet>) =>
    topics.length === 0
      ? Effect.void
      : atController("alterTopicConfigs", AlterConfigs.alterTopicConfigs, topics)

  return {
    createTopics,
    deleteTopics,
    createPartitions,
    topicConfigs,
    topicOverrides,
    alterTopicConfigs
  }
}
