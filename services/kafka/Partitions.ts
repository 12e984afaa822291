/** Reading and writing partitions: fetch, offsets, leader epochs, produce. */
import { Effect } from "effect"
import { freeBytes } from "../../src/codec/FreeBytes.ts"
import type { KafkaErrorName } from "../../src/codec/kafka/ErrorCodes.ts"
import * as FetchApi from "../../src/codec/kafka/Fetch.ts"
import * as ListOffsetsApi from "../../src/codec/kafka/ListOffsets.ts"
import { offsetForLeaderEpoch } from "../../src/codec/kafka/OffsetForLeaderEpoch.ts"
import * as ProduceApi from "../../src/codec/kafka/Produce.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import type { FetchSessionSettings } from "../FetchSession.ts"
import type {
  EpochEnd,
  EpochQuestion,
  FetchRequest,
  FetchResponse,
  KafkaError,
  PartitionOffset,
  ProduceAck,
  ProduceRequest
} from "../Kafka.ts"
import type { Connections } from "./Calls.ts"
import { accepted, askMetadata, callBroker, failed } from "./Calls.ts"
import type { SessionAnswer } from "./FetchSessions.ts"
import { openFetchSession } from "./FetchSessions.ts"

const controlLane = "control"
const fetchLane = "fetch"
const produceLane = "produce"

/** Where a RecordBatch v2 has its maxTimestamp. */
const maxTimestampAt = 35

/** Their leaders, by node id; and those that have none, with the reason. */
const byLeaders = Effect.fnUntraced(function*<A extends TopicPartition>(
  connections: Connections,
  partitions: ReadonlyArray<A>
) {
  const { topics } = yield* askMetadata(connections, [...new Set(partitions.map((p) => p.topic))])
  const found = new Map(topics.map((topic) => [topic.topic, topic]))
  const led = new Map<number, Array<A>>()
  const without: Array<readonly [A, KafkaErrorName]> = []
  for (const source of partitions) {
    const topic = found.get(source.topic)
    const metadata = topic?.partitions.find((each) => each.partition === source.partition)
    if (metadata === undefined) {
      without.push([source, topic?.error ?? "UNKNOWN_TOPIC_OR_PARTITION"])
    } else if (metadata.leader < 0) {
      without.push([source, metadata.error ?? "LEADER_NOT_AVAILABLE"])
    } else {
      const group = led.get(metadata.leader)
      if (group === undefined) led.set(metadata.leader, [source])
      else group.push(source)
    }
  }
  return { led, without }
})

/**
 * Asks each leader once for its partitions. A leader that does not answer is the failure of each of
 * its partitions.
 */
const askLeaders = Effect.fnUntraced(function*<A extends TopicPartition, B>(
  connections: Connections,
  partitions: ReadonlyArray<A>,
  ask: (broker: number, group: ReadonlyArray<A>) => Effect.Effect<ReadonlyArray<B>, KafkaError>,
  unanswered: (source: TopicPartition, error: KafkaErrorName) => B
) {
  const { led, without } = yield* byLeaders(connections, partitions)
  const asked = yield* Effect.forEach(
    led,
    ([broker, group]) =>
      Effect.catchAll(
        ask(broker, group),
        ({ reason }) => Effect.succeed(group.map((source) => unanswered(source, reason)))
      ),
    { concurrency: "unbounded" }
  )
  return [...without.map(([source, error]) => unanswered(source, error)), ...asked.flat()]
})

export const makePartitions = (connections: Connections) => {
  const ask = (broker: number) => (request: FetchApi.FetchRequestBody) => {
    const to = { broker, lane: fetchLane, waitMs: request.maxWaitMs }
    return Effect.map(
      callBroker(connections, to, FetchApi.fetch, request),
      (answer): SessionAnswer => ({
        ...answer,
        free: () => {
          // All are views of one answer, which has its memory to itself.
          const view = answer.partitions.find(({ records }) => records.length > 0)
          if (view !== undefined) freeBytes(Buffer.from(view.records.buffer))
        }
      })
    )
  }

  const fetch = (request: FetchRequest): Effect.Effect<FetchResponse, KafkaError> =>
    Effect.flatMap(
      ask(request.broker)(request),
      (answer) => accepted(answer, "fetch", `broker ${request.broker}`)
    )

  const fetchSession = (settings: FetchSessionSettings) =>
    openFetchSession(settings, ask(settings.broker))

  const listOffsets = (
    partitions: ReadonlyArray<TopicPartition>,
    at: "earliest" | "latest" | "stable"
  ) =>
    askLeaders(
      connections,
      partitions,
      (broker, group): Effect.Effect<ReadonlyArray<PartitionOffset>, KafkaError> =>
        connections.call({ broker, lane: controlLane }, ListOffsetsApi.listOffsets, {
          partitions: group,
          at
        }),
      ({ partition, topic }, error) => ({ topic, partition, offset: -1n, leaderEpoch: -1, error })
    )

  const endOfEpoch = (partitions: ReadonlyArray<EpochQuestion>) =>
    askLeaders(
      connections,
      partitions,
      (broker, group): Effect.Effect<ReadonlyArray<EpochEnd>, KafkaError> =>
        connections.call({ broker, lane: controlLane }, offsetForLeaderEpoch, group),
      ({ partition, topic }, error) => (
        { topic, partition, endOffset: -1n, leaderEpoch: -1, error }
      )
    )

  const produce = (request: ProduceRequest) => {
    const subject = topicPartitionName(request)
    const { broker, timeoutMs } = request
    const to = { broker, lane: produceLane, waitMs: timeoutMs, subject }
    return callBroker(connections, to, ProduceApi.produce, request).pipe(
      Effect.flatMap(({ partitions, throttleMs }) => {
        const answer = partitions[0]
        if (
          partitions.length !== 1 || answer?.topic !== request.topic ||
          answer.partition !== request.partition
        ) {
          return Effect.fail(failed("MALFORMED_RESPONSE", "produce", subject, "not answered"))
        }
        const { baseOffset, detail, error, logStartOffset } = answer
        // For a batch that is in the log already, brokers put its own last timestamp there.
        const own = answer.logAppendTimeMs === request.batch.readBigInt64BE(maxTimestampAt)
        const logAppendTimeMs = own ? -1n : answer.logAppendTimeMs
        const ack: ProduceAck = { baseOffset, logAppendTimeMs, logStartOffset, throttleMs }
        return error === undefined || error === "DUPLICATE_SEQUENCE_NUMBER"
          ? Effect.succeed(ack)
          : Effect.fail(failed(error, "produce", subject, detail))
      })
    )
  }

  return { fetch, fetchSession, listOffsets, endOfEpoch, produce }
}
