/**
 * Commits what is durable to the consumer group: for people and tools, and as a hint where to
 * begin listing the archive. One request at a time carries all partitions that moved.
 */
import { Effect, Metric } from "effect"
import type { KafkaError, OffsetToCommit } from "../../services/Kafka.ts"
import { commitFailures, commits } from "../../services/Metrics.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"

export interface Committer {
  /** Notes how far a partition is durable; nothing is sent yet. */
  readonly mark: (offset: OffsetToCommit) => void
  /** Forgets the partition: it is another member's now. */
  readonly forget: (source: TopicPartition) => void
  /** Sends what moved since; true when all of it is committed. */
  readonly commit: Effect.Effect<boolean>
}

type Send = (
  offsets: ReadonlyArray<OffsetToCommit>
) => Effect.Effect<
  ReadonlyArray<TopicPartition & { readonly error: string | undefined }>,
  KafkaError
>

export const makeCommitter = (send: Send): Effect.Effect<Committer> =>
  Effect.map(Effect.makeSemaphore(1), (one) => {
    const marked = new Map<string, OffsetToCommit>()
    const committed = new Map<string, bigint>()

    const settle = (
      sent: ReadonlyArray<OffsetToCommit>,
      answers: ReadonlyArray<TopicPartition & { readonly error: string | undefined }>
    ) =>
      Effect.gen(function*() {
        const errors = new Map(answers.map((answer) => [topicPartitionName(answer), answer.error]))
        let complete = true
        for (const offset of sent) {
          const name = topicPartitionName(offset)
          const error = errors.has(name) ? errors.get(name) : "no answer"
          if (error === undefined) {
            if (marked.has(name)) committed.set(name, offset.offset)
            continue
          }
          complete = false
          yield* Metric.incrementBy(commitFailures, 1)
          yield* Effect.logWarning("commit refused").pipe(
            Effect.annotateLogs({ partition: name, offset: String(offset.offset), error })
          )
        }
        return complete
      })

    const commit = Effect.gen(function*() {
      const moved = [...marked].filter(([name, { offset }]) => committed.get(name) !== offset)
      const offsets = moved.map(([, offset]) => offset)
      if (offsets.length === 0) return true
      yield* Metric.incrementBy(commits, 1)
      return yield* send(offsets).pipe(
        Effect.flatMap((answers) => settle(offsets, answers)),
        Effect.withSpan("BackupTopics.commit", { attributes: { partitions: offsets.length } }),
        Effect.catchAll((error) =>
          Effect.zipRight(
            Metric.incrementBy(commitFailures, 1),
            Effect.logWarning("commit failed, it will be repeated").pipe(
              Effect.annotateLogs({ error: error.message }),
              Effect.as(false)
            )
          )
        )
      )
    })

    return {
      mark: (offset) => marked.set(topicPartitionName(offset), offset),
      forget: (source) => {
        marked.delete(topicPartitionName(source))
        committed.delete(topicPartitionName(source))
      },
      commit: one.withPermits(1)(commit)
    }
  })
