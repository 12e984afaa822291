/**
 * Takeover of target partitions by the owner of a plan partition: from then on, whoever owned it
 * before is refused by the brokers, however late it wakes up.
 */
import { Effect } from "effect"
import type { KafkaError } from "../../services/Kafka.ts"
import { Kafka } from "../../services/Kafka.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import { notAuthorized } from "../DeliverBatch.ts"
import { patiently } from "../ReadLog.ts"
import type { FenceGate } from "./FenceGate.ts"
import { makeFenceGate } from "./FenceGate.ts"

export interface Fencing {
  readonly gate: FenceGate
  /** Takes over those not yet taken over, together with all that are. All must exist. */
  readonly cover: (
    targets: ReadonlyArray<TopicPartition>
  ) => Effect.Effect<void, KafkaError, Kafka>
  /** Takes over anew: sequences begin at 0, and nothing sent before can arrive any more. */
  readonly renew: Effect.Effect<void, KafkaError, Kafka>
  /** Without a transactional id nobody is refused: look at the group before each batch. */
  readonly unfenced: () => boolean
}

/** `transactionalId` is shared by every owner of the plan partition, one after the other. */
export const makeFencing = (transactionalId: string): Effect.Effect<Fencing> =>
  Effect.gen(function*() {
    const gate = yield* makeFenceGate
    const taken = new Map<string, TopicPartition>()
    const one = yield* Effect.makeSemaphore(1)
    let unfenced = false

    const withoutFence = (error: KafkaError) =>
      Effect.gen(function*() {
        const kafka = yield* Kafka
        if (!unfenced) {
          yield* Effect.logWarning(
            "no right to a transactional id: a former owner is not fenced off, " +
              "only the group's ownership is checked"
          ).pipe(Effect.annotateLogs({ transactionalId, error: error.message }))
        }
        unfenced = true
        return yield* kafka.initProducerId
      })

    const takeover = (targets: ReadonlyArray<TopicPartition>) =>
      Effect.gen(function*() {
        const kafka = yield* Kafka
        const identity = yield* (unfenced
          ? kafka.initProducerId
          : kafka.fence(transactionalId, targets).pipe(
            Effect.catchIf(notAuthorized, withoutFence)
          ))
        for (const target of targets) taken.set(topicPartitionName(target), target)
        return identity
      }).pipe(patiently("30 seconds"))

    return {
      gate,
      cover: (targets) =>
        one.withPermits(1)(Effect.suspend(() => {
          const fresh = targets.filter((target) => !taken.has(topicPartitionName(target)))
          return fresh.length === 0
            ? Effect.void
            : gate.change(takeover([...taken.values(), ...fresh]))
        })),
      renew: one.withPermits(1)(
        Effect.suspend(() => gate.change(takeover([...taken.values()])))
      ),
      unfenced: () => unfenced
    }
  })
