/** Commits of a group member, fenced by its ownership here and by its generation at the broker. */
import type { SubscriptionRef } from "effect"
import { Clock, Effect, Stream } from "effect"
import type { KafkaError, OffsetToCommit } from "../../services/Kafka.ts"
import { Kafka } from "../../services/Kafka.ts"
import type { KafkaErrorName } from "../../src/codec/kafka/ErrorCodes.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import type { GroupOptions, MemberState } from "./MemberState.ts"

export interface CommitAnswer extends TopicPartition {
  readonly error: KafkaErrorName | undefined
}

/** Milliseconds between two tries while the coordinator completes a rebalance. */
const pauseMs = 200

/** The coordinator has moved on to a generation that this member is about to learn of. */
const comesTooEarly = (error: KafkaErrorName | undefined, before: MemberState, now: MemberState) =>
  error === "REBALANCE_IN_PROGRESS" ||
  (error === "ILLEGAL_GENERATION" && (now.rebalancing || now.generation !== before.generation))

/**
 * One answer for each offset, in their order. A partition that is not owned at that moment is
 * refused here, with ILLEGAL_GENERATION. What falls into a rebalance is tried again in the next
 * generation, if the partition is still owned then, for no longer than the rebalance timeout.
 */
export const commitOffsets = Effect.fnUntraced(function*(
  options: GroupOptions,
  state: SubscriptionRef.SubscriptionRef<MemberState>,
  offsets: ReadonlyArray<OffsetToCommit>
): Effect.fn.Return<ReadonlyArray<CommitAnswer>, KafkaError, Kafka> {
  const kafka = yield* Kafka
  const deadline = (yield* Clock.currentTimeMillis) + options.rebalanceTimeoutMs
  const answers = new Map<string, KafkaErrorName | undefined>()
  let open = offsets
  for (;;) {
    const before = yield* state.get
    const mine = open.filter((each) => before.owned.has(topicPartitionName(each)))
    for (const each of open) answers.set(topicPartitionName(each), "ILLEGAL_GENERATION")
    if (mine.length > 0) {
      const ref = { groupId: options.groupId, ...before }
      for (const answer of yield* kafka.commitOffsets(ref, mine)) {
        answers.set(topicPartitionName(answer), answer.error)
      }
    }
    const now = yield* state.get
    open = mine.filter((each) => comesTooEarly(answers.get(topicPartitionName(each)), before, now))
    const left = deadline - (yield* Clock.currentTimeMillis)
    if (open.length === 0 || left <= 0) break
    const settled = state.changes.pipe(Stream.filter((next) => !next.rebalancing), Stream.runHead)
    // Interruptible each, because a race in a finalizer could not end otherwise.
    yield* Effect.raceFirst(
      Effect.interruptible(Effect.zipRight(settled, Effect.sleep(Math.min(left, pauseMs)))),
      Effect.interruptible(Effect.sleep(left))
    )
  }
  return offsets.map(({ partition, topic }) => (
    { topic, partition, error: answers.get(topicPartitionName({ topic, partition })) }
  ))
})
