/**
 * After a change of leader: whether the new one still holds what has been read (KIP-320). A log
 * that was cut back may have grown past the position again, so that no fetch would notice.
 */
import { Clock, Effect } from "effect"
import type { EpochEnd, EpochQuestion } from "../../services/Kafka.ts"
import { Kafka, KafkaError } from "../../services/Kafka.ts"
import { isRetriable } from "../../src/codec/kafka/ErrorCodes.ts"
import { byPartitionName, topicPartitionName } from "../../src/domain/TopicPartition.ts"
import { BackupError } from "./Archived.ts"
import { isStillThere } from "./Branches.ts"
import type { OwnedPartition, OwnedPartitions } from "./OwnedPartition.ts"
import { isCurrent } from "./OwnedPartition.ts"

/** Milliseconds before a leader that could not tell is asked again. */
const errorBackoffMs = 250

const cutBack = (partition: OwnedPartition, { endOffset }: EpochEnd) =>
  new BackupError({
    reason: "CutBack",
    message: `the log of ${topicPartitionName(partition)} was cut back to offset ${endOffset} after`
      + ` an unclean leader election, and had been read up to ${partition.writer.position()}: it is`
      + " opened again, and what follows is archived as a branch"
  })

/** Nothing of it is under way, so that its position is final. */
const isDue = (partition: OwnedPartition, nowMs: number): boolean =>
  partition.validEpoch !== partition.leaderEpoch && partition.leader >= 0
  && !partition.stopped && partition.outstanding === 0 && partition.notBeforeMs <= nowMs

const questionOf = ({ leaderEpoch, partition, readEpoch, topic }: OwnedPartition) => (
  { topic, partition, leaderEpoch: readEpoch, currentLeaderEpoch: leaderEpoch }
)

/** Runs an effect beside everything else. */
type Background = (effect: Effect.Effect<void>) => unknown

/**
 * Run again and again; asks each leader at once for all partitions that it leads now. Returns
 * without waiting: a leader that does not answer holds up its own partitions alone.
 */
export const makeValidation = (
  owned: OwnedPartitions,
  refresh: Effect.Effect<void>,
  background: Background
): Effect.Effect<void, never, Kafka> => {
  /** Leaders that have been asked and have not answered. */
  const asking = new Set<number>()

  const settle = (partition: OwnedPartition, asked: EpochQuestion, answer: EpochEnd | undefined) =>
    Effect.gen(function*() {
      // Another leader meanwhile: it is asked next.
      if (!isCurrent(owned, partition) || partition.leaderEpoch !== asked.currentLeaderEpoch) return
      const reason = answer === undefined ? "MALFORMED_RESPONSE" : answer.error
      if (answer === undefined || reason !== undefined) {
        partition.notBeforeMs = (yield* Clock.currentTimeMillis) + errorBackoffMs
        if (reason === undefined || isRetriable(reason)) {
          partition.leader = -1
          return yield* refresh
        }
        const subject = topicPartitionName(partition)
        const operation = "ask for the end of a leader epoch of"
        return partition.fail(new KafkaError({ reason, operation, subject, cause: "" }))
      }
      if (isStillThere(answer, asked.leaderEpoch, partition.writer.position())) {
        partition.validEpoch = asked.currentLeaderEpoch
      } else partition.fail(cutBack(partition, answer))
    })

  const ask = (leader: number, partitions: ReadonlyArray<OwnedPartition>) =>
    Effect.gen(function*() {
      const kafka = yield* Kafka
      const questions = partitions.map((partition) => [partition, questionOf(partition)] as const)
      const answers = yield* kafka.endOfEpoch(questions.map(([, question]) => question))
      const told = byPartitionName(answers)
      for (const [partition, question] of questions) {
        yield* settle(partition, question, told.get(topicPartitionName(partition)))
      }
    }).pipe(
      Effect.catchAll((error) =>
        Effect.zipRight(
          Effect.logDebug("leader epochs could not be asked for").pipe(
            Effect.annotateLogs({ error: error.message })
          ),
          Effect.sleep("500 millis")
        )
      ),
      Effect.ensuring(Effect.sync(() => asking.delete(leader)))
    )

  return Effect.gen(function*() {
    const context = yield* Effect.context<Kafka>()
    const now = yield* Clock.currentTimeMillis
    const due = new Map<number, Array<OwnedPartition>>()
    for (const partition of owned.values()) {
      if (!isDue(partition, now) || asking.has(partition.leader)) continue
      const { leader, leaderEpoch, readEpoch } = partition
      // Nothing read that could be gone, or read from this very leader.
      if (readEpoch < 0 || readEpoch === leaderEpoch) partition.validEpoch = leaderEpoch
      else due.set(leader, [...due.get(leader) ?? [], partition])
    }
    for (const [leader, partitions] of due) {
      asking.add(leader)
      background(Effect.provide(ask(leader, partitions), context))
    }
  })
}
