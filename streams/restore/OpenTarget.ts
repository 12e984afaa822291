/** Makes a target partition ready: it exists, it is taken over, and its tail says where it stands. */
import { Effect, Schedule } from "effect"
import type { Kafka, KafkaError } from "../../services/Kafka.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import type { Leaders } from "../Leaders.ts"
import { patiently } from "../ReadLog.ts"
import { OwnershipLost, RestoreFailure } from "./Outcome.ts"
import type { Target, TargetPosition } from "./PlanState.ts"
import { isFenced } from "./ProduceVerdict.ts"
import type { PlanContext } from "./RestoreContext.ts"
import type { TargetConfig } from "./TargetConfigs.ts"
import { readTail } from "./TargetTail.ts"

/** A topic created a moment ago is not known to every broker. */
const createdLately = Schedule.intersect(Schedule.spaced("300 millis"), Schedule.recurs(5))

const checkExists = (leaders: Leaders, partition: TopicPartition) =>
  leaders.of(partition).pipe(
    Effect.retry({
      schedule: createdLately,
      while: (error) => error.reason === "UNKNOWN_TOPIC_OR_PARTITION"
    }),
    patiently("30 seconds", "UNKNOWN_TOPIC_OR_PARTITION"),
    Effect.mapError((error) =>
      new RestoreFailure({
        partition,
        reason: error.reason === "UNKNOWN_TOPIC_OR_PARTITION"
          ? `the target topic ${partition.topic} does not exist, or has no partition ${partition.partition}: create it`
          : error.message
      })
    )
  )

export interface OpenTarget {
  readonly position: TargetPosition
  readonly config: TargetConfig
}

/** What is known of a target that is open already is not asked for again. */
export const openTarget = (
  context: PlanContext,
  target: Target
): Effect.Effect<OpenTarget, RestoreFailure | OwnershipLost, Kafka> =>
  Effect.gen(function*() {
    const { configs, fencing, leaders, options } = context
    const { partition } = target
    const failed = (error: { readonly message: string }) =>
      new RestoreFailure({ partition, reason: error.message })
    yield* checkExists(leaders, partition)
    const config = yield* Effect.mapError(configs.of(partition.topic), failed)
    if (config.rewritesTimestamps) {
      const reason =
        "the target topic rewrites timestamps (message.timestamp.type=LogAppendTime): " +
        "set it to CreateTime"
      return yield* new RestoreFailure({ partition, reason })
    }
    if (target.position !== undefined) return { position: target.position, config }
    const notTaken = (error: KafkaError) =>
      isFenced(error) ? new OwnershipLost({ message: error.message }) : failed(error)
    yield* Effect.mapError(fencing.cover([partition]), notTaken)
    if (target.mustRenew) yield* Effect.mapError(fencing.renew, notTaken)
    target.mustRenew = false
    const { generation } = fencing.gate.current()
    const tail = yield* readTail(leaders, partition, options.failOnExistingData).pipe(
      Effect.mapError((error) => error._tag === "RestoreFailure" ? error : failed(error))
    )
    const position = {
      generation,
      sequence: 0,
      expected: tail.logEnd,
      lastSourceOffset: tail.lastSourceOffset
    }
    target.position = position
    return { position, config }
  })
