/** Finds out when everything planned has been worked off, here or by other members of the group. */
import { Effect } from "effect"
import type { Kafka, KafkaError } from "../../services/Kafka.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
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
  membership: GroupMembership
): Effect.Effect<boolean, KafkaError> => {
  const endOf = ({ partition }: TopicPartition) => ends.get(partition) ?? 0n
  const open = plan.filter((source) => endOf(source) > (starts.get(source.partition) ?? 0n))
  const ours = open.filter(({ partition }) => workers.of(partition) !== undefined)
  if (!ours.every((source) => workers.of(source.partition)?.isWorkedOff(endOf(source)) ?? false)) {
    return Effect.succeed(false)
  }
  const others = open.filter((source) => !ours.includes(source))
  if (others.length === 0) return Effect.succeed(true)
  return membership.committed(others).pipe(
    patiently("30 seconds"),
    Effect.map((answers) =>
      answers.length === others.length &&
      answers.every((answer) => answer.error === undefined && answer.offset >= endOf(answer))
    ),
    Effect.tap((done) => done ? Effect.void : Effect.sleep(betweenQuestions))
  )
}

/** Looking at our own state costs nothing, asking the group does. */
const every = "100 millis"
const betweenQuestions = "500 millis"

/** Returns when all of the plan up to that extent is restored, or has failed for good. */
export const awaitWorkedOff = (
  plan: ReadonlyArray<TopicPartition>,
  extent: PlanExtent,
  workers: Workers,
  membership: GroupMembership
): Effect.Effect<void, KafkaError> =>
  Effect.flatMap(
    isWorkedOff(plan, extent, workers, membership),
    (done) =>
      done
        ? Effect.void
        : Effect.zipRight(
          Effect.sleep(every),
          awaitWorkedOff(plan, extent, workers, membership)
        )
  )
