/** What is free on the disks of the brokers. */
import { Effect } from "effect"
import { describeLogDirs } from "../../src/codec/kafka/DescribeLogDirs.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import type { BrokerDisk } from "../KafkaAdmin.ts"
import type { Connections } from "./Calls.ts"
import { accepted, askMetadata, failed } from "./Calls.ts"

const operation = "disks"
const lane = "admin"
const brokersAtOnce = 8

export const makeDisks = (connections: Connections) => {
  const ofBroker = (broker: number, partitions: ReadonlyArray<TopicPartition>) =>
    Effect.gen(function*() {
      const answer = yield* connections.call({ broker, lane }, describeLogDirs, partitions)
      const { dirs } = yield* accepted(answer, operation, `broker ${broker}`)
      const disk = { broker, usableBytes: 0, topicBytes: new Map<string, number>() }
      for (const { error, path, topics, usableBytes } of dirs) {
        // A directory that has failed holds nothing, and takes nothing.
        if (error !== undefined) continue
        if (usableBytes < 0n) {
          return yield* failed("UNSUPPORTED_VERSION", operation, `broker ${broker}`, path)
        }
        disk.usableBytes += Number(usableBytes)
        for (const { bytes, topic } of topics) {
          disk.topicBytes.set(topic, (disk.topicBytes.get(topic) ?? 0) + Number(bytes))
        }
      }
      const told: BrokerDisk = disk
      return told
    })

  const disks = Effect.fnUntraced(function*(partitions: ReadonlyArray<TopicPartition>) {
    const { brokers } = yield* askMetadata(connections, [])
    return yield* Effect.forEach(brokers, ({ nodeId }) => ofBroker(nodeId, partitions), {
      concurrency: brokersAtOnce
    })
  })

  return { disks }
}
