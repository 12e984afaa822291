/** Finds out when everything planned has been worked off, here or by other members of the group. */
import { Effect, Schedule } from "effect"
import type { Companionship } from "../../services/Companions.ts"
import type { Kafka, KafkaError } from "../../services/Kafka.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import type { GroupMembership } from "../GroupMembership.ts"
import { logOffsets } from "../PlanTopic.ts"
import { patiently } from "../ReadLog.ts"
import type { Workers } from "./Workers.ts"

/** Where each plan partition begins and ends. */
export interface PlanExtent {
  readonly starts: ReadonlyMap<number, bigint>
  readonly ends: ReadonlyMap<number, bigint>
}

export const planExtent = (
  plan: ReadonlyArray<TopicPartition>
): Effect.Effect<PlanExtent, KafkaError, Kafka> =>
  Effect.all({ starts: logOffsets(plan, "earliest"), ends: logOffsets(plan, "stable") })

/** Ours are done when worked off, those of others when committed through. */
const isWorkedOff = (
  plan: ReadonlyArray<TopicPartition>,
  { ends, starts }: PlanExtent,
  workers: Workers,
  membership: GroupMembership,
  companions: Companionship | undefined
): Effect.Effect<boolean, KafkaError> =>
  Effect.gen(function*() {
    const endOf = ({ partition }: TopicPartition) => ends.get(partition) ?? 0n
    const open = plan.filter((source) => endOf(source) > (starts.get(source.partition) ?? 0n))
    const ours = open.filter(({ partition }) => workers.of(partition) !== undefined)
    const settled = yield* membership.settled
    const ownDone = ours.every((source) =>
      workers.of(source.partition)?.isWorkedOff(endOf(source)) ?? false
    )
    const started = settled !== undefined &&
      [...settled.owned.values()].every(({ partition }) => workers.of(partition) !== undefined)
    if (companions !== undefined) {
      yield* companions.tell({
        idleIn: ownDone && started ? settled.generation : null,
        done: ownDone ? ours.map(topicPartitionName) : [],
        of: open.length
      })
    }
    if (!ownDone) return false
    const agreed = companions?.agreed()
    const others = open.filter((source) =>
      !ours.includes(source) && agreed?.has(topicPartitionName(source)) !== true
    )
    if (others.length === 0) return true
    const answers = yield* patiently("30 seconds")(membership.committed(others))
    const done = answers.length === others.length &&
      answers.every((answer) => answer.error === undefined && answer.offset >= endOf(answer))
    if (!done) yield* Effect.sleep(betweenQuestions)
    return done
  })

/** Looking at our own state costs nothing, asking the group does. */
const every = "100 millis"
const betweenQuestions = "500 millis"

/**
 * Returns when all of the plan up to that extent is restored, or has failed for good. What has
 * failed at another member is told by companions only: the group never hears of it.
 */
export const awaitWorkedOff = (
  plan: ReadonlyArray<TopicPartition>,
  extent: PlanExtent,
  workers: Workers,
  membership: GroupMembership,
  companions: Companionship | undefined
): Effect.Effect<void, KafkaError> =>
  isWorkedOff(plan, extent, workers, membership, companions).pipe(
    Effect.repeat({ schedule: Schedule.spaced(every), until: (done) => done }),
    Effect.asVoid
  )
