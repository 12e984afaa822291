/** Reading and writing partitions: fetch, offsets, produce. */
import { Effect } from "effect"
import * as FetchApi from "../../src/codec/kafka/Fetch.ts"
import * as ListOffsetsApi from "../../src/codec/kafka/ListOffsets.ts"
import * as ProduceApi from "../../src/codec/kafka/Produce.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import type { FetchRequest, PartitionOffset, ProduceAck, ProduceRequest } from "../Kafka.ts"
import type { Connections } from "./Calls.ts"
import { accepted, askMetadata, callBroker, failed } from "./Calls.ts"

const controlLane = "control"
const fetchLane = "fetch"
const produceLane = "produce"

/** Where a RecordBatch v2 has its maxTimestamp. */
const maxTimestampAt = 35

const unanswered = (
  partitions: ReadonlyArray<TopicPartition>,
  error: PartitionOffset["error"]
): ReadonlyArray<PartitionOffset> =>
  partitions.map(({ partition, topic }) => ({
    topic,
    partition,
    offset: -1n,
    leaderEpoch: -1,
    error
  }))

export const makePartitions = (connections: Connections) => {
  const fetch = (request: FetchRequest) => {
    const to = { broker: request.broker, lane: fetchLane, waitMs: request.maxWaitMs }
    return callBroker(connections, to, FetchApi.fetch, request).pipe(
      Effect.flatMap((answer) => accepted(answer, "fetch", `broker ${request.broker}`))
    )
  }

  const listOffsets = Effect.fnUntraced(function*(
    partitions: ReadonlyArray<TopicPartition>,
    at: "earliest" | "latest" | "stable"
  ) {
    const { topics } = yield* askMetadata(connections, [...new Set(partitions.map((p) => p.topic))])
    const found = new Map(topics.map((topic) => [topic.topic, topic]))
    const answers: Array<PartitionOffset> = []
    const byLeader = new Map<number, Array<TopicPartition>>()
    for (const source of partitions) {
      const topic = found.get(source.topic)
      const metadata = topic?.partitions.find((each) => each.partition === source.partition)
      if (metadata === undefined) {
        answers.push(...unanswered([source], topic?.error ?? "UNKNOWN_TOPIC_OR_PARTITION"))
      } else if (metadata.leader < 0) {
        answers.push(...unanswered([source], metadata.error ?? "LEADER_NOT_AVAILABLE"))
      } else {
        const group = byLeader.get(metadata.leader)
        if (group === undefined) byLeader.set(metadata.leader, [source])
        else group.push(source)
      }
    }
    const asked = yield* Effect.forEach(byLeader, ([broker, group]) => {
      const request = { partitions: group, at }
      return connections.call({ broker, lane: controlLane }, ListOffsetsApi.listOffsets, request)
        .pipe(Effect.catchAll((error) => Effect.succeed(unanswered(group, error.reason))))
    }, { concurrency: "unbounded" })
    return [...answers, ...asked.flat()]
  })

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

  return { fetch, listOffsets, produce }
}
