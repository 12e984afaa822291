/** What the backup shows of itself, computed once a second from the partitions it owns. */
import { Clock, Effect, Metric } from "effect"
import {
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

/** `shown`: topics with a gauge, so that one that is no longer owned goes back to 0. */
export const updateGauges = (
  owned: OwnedPartitions,
  shown: Set<string>
): Effect.Effect<void> =>
  Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    const topics = new Map<string, TopicState>()
    for (const topic of shown) topics.set(topic, { unarchivedSeconds: 0, lag: 0 })
    let bytes = 0
    let files = 0
    for (const partition of owned.values()) {
      const { highWatermark, lastStableOffset, topic, writer } = partition
      const state = topics.get(topic) ?? { unarchivedSeconds: 0, lag: 0 }
      topics.set(topic, state)
      shown.add(topic)
      const since = writer.waitingSinceMs()
      if (since !== undefined) {
        state.unarchivedSeconds = Math.max(state.unarchivedSeconds, (now - since) / 1000)
      }
      if (highWatermark > lastStableOffset) state.lag += Number(highWatermark - lastStableOffset)
      const size = writer.bufferedBytes()
      if (size !== undefined) {
        bytes += size
        files++
      }
    }
    for (const [topic, state] of topics) {
      yield* Metric.set(topicUnarchivedSeconds(topic), state.unarchivedSeconds)
      yield* Metric.set(openTransactionLag(topic), state.lag)
    }
    const oldest = Math.max(0, ...Array.from(topics.values(), (state) => state.unarchivedSeconds))
    yield* Metric.set(unarchivedSeconds, oldest)
    yield* Metric.set(bufferBytes, bytes)
    yield* Metric.set(bufferFiles, files)
  })
