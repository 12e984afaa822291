/** What the backup shows of itself, computed once a second from the partitions it owns. */
import { Clock, Effect, Metric } from "effect"
import {
  backupPartitions,
  bufferBytes,
  bufferFiles,
  openTransactionLag,
  topicUnarchivedSeconds,
  unarchivedSeconds
} from "../../services/Metrics.ts"
import type { OwnedPartitions } from "./OwnedPartition.ts"

interface TopicState {
  unarchivedSeconds: number
  lag: number
}

/** What the gauges of each topic say. */
export type ShownTopics = Map<string, TopicState>

const idle: TopicState = { unarchivedSeconds: 0, lag: 0 }

const isSame = (a: TopicState | undefined, b: TopicState): boolean =>
  a?.unarchivedSeconds === b.unarchivedSeconds && a.lag === b.lag

/** `shown`: kept from one call to the next, so that a topic no longer owned goes back to 0. */
export const updateGauges = (
  owned: OwnedPartitions,
  shown: ShownTopics
): Effect.Effect<void> =>
  Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    const topics: ShownTopics = new Map()
    for (const topic of shown.keys()) topics.set(topic, idle)
    let bytes = 0
    let files = 0
    let oldest = 0
    for (const { highWatermark, lastStableOffset, topic, writer } of owned.values()) {
      const since = writer.waitingSinceMs()
      const age = since === undefined ? 0 : (now - since) / 1000
      const lag = highWatermark > lastStableOffset ? Number(highWatermark - lastStableOffset) : 0
      const others = topics.get(topic) ?? idle
      const seconds = Math.max(others.unarchivedSeconds, age)
      const isIdle = seconds === 0 && others.lag + lag === 0
      topics.set(topic, isIdle ? idle : { unarchivedSeconds: seconds, lag: others.lag + lag })
      if (age > oldest) oldest = age
      const size = writer.bufferedBytes()
      if (size !== undefined) {
        bytes += size
        files++
      }
    }
    for (const [topic, state] of topics) {
      // Most of thousands have not changed.
      if (isSame(shown.get(topic), state)) continue
      yield* Metric.set(topicUnarchivedSeconds(topic), state.unarchivedSeconds)
      yield* Metric.set(openTransactionLag(topic), state.lag)
      shown.set(topic, state)
    }
    yield* Metric.set(backupPartitions, owned.size)
    yield* Metric.set(unarchivedSeconds, oldest)
    yield* Metric.set(bufferBytes, bytes)
    yield* Metric.set(bufferFiles, files)
  })
