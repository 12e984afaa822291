/** Which broker leads a partition: asked once, remembered until somebody says it is no longer so. */
import { Effect } from "effect"
import type { TopicMetadata } from "../services/Kafka.ts"
import { Kafka, KafkaError } from "../services/Kafka.ts"
import type { KafkaErrorName } from "../src/codec/kafka/ErrorCodes.ts"
import type { TopicPartition } from "../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../src/domain/TopicPartition.ts"
import { makeTurns } from "./Turns.ts"

export interface Leaders {
  /** Node id of the leader. LEADER_NOT_AVAILABLE while the partition has none. */
  readonly of: (partition: TopicPartition) => Effect.Effect<number, KafkaError>
  /** Asks again before the next answer about this topic. */
  readonly forget: (topic: string) => void
  /** Takes over what somebody else has just asked for. */
  readonly learn: (topics: ReadonlyArray<TopicMetadata>) => void
}

const failure = (partition: TopicPartition, reason: KafkaErrorName) =>
  new KafkaError({
    operation: "find leader",
    subject: topicPartitionName(partition),
    reason,
    cause: ""
  })

export const makeLeaders: Effect.Effect<Leaders, never, Kafka> = Effect.gen(function*() {
  const kafka = yield* Kafka
  const known = new Map<string, TopicMetadata>()
  const oneByOne = makeTurns(1)

  const ask = (topic: string): Effect.Effect<TopicMetadata | undefined, KafkaError> =>
    oneByOne(Effect.suspend(() => {
      const found = known.get(topic)
      if (found !== undefined) return Effect.succeed(found)
      return Effect.map(kafka.metadata([topic]), ({ topics }) => {
        const answer = topics.find((candidate) => candidate.topic === topic)
        if (answer !== undefined && answer.error === undefined) known.set(topic, answer)
        return answer
      })
    }))

  const leaderIn = (metadata: TopicMetadata | undefined, partition: TopicPartition) => {
    if (metadata?.error !== undefined) return Effect.fail(failure(partition, metadata.error))
    const found = metadata?.partitions.find((one) => one.partition === partition.partition)
    if (found !== undefined && found.leader >= 0) return Effect.succeed(found.leader)
    known.delete(partition.topic)
    const reason = found === undefined ? "UNKNOWN_TOPIC_OR_PARTITION" : "LEADER_NOT_AVAILABLE"
    return Effect.fail(failure(partition, reason))
  }

  return {
    of: (partition) =>
      Effect.suspend(() => {
        const found = known.get(partition.topic)
        return found === undefined
          ? Effect.flatMap(ask(partition.topic), (metadata) => leaderIn(metadata, partition))
          : leaderIn(found, partition)
      }),
    forget: (topic) => {
      known.delete(topic)
    },
    learn: (topics) => {
      for (const topic of topics) if (topic.error === undefined) known.set(topic.topic, topic)
    }
  }
})
