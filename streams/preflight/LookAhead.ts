/** Asks the cluster whether a restore can be done, and names all that is in the way. Writes nothing. */
import { Clock, Effect } from "effect"
import type { KafkaError } from "../../services/Kafka.ts"
import type { Kafka } from "../../services/Kafka.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import type { Definitions } from "../definitions/ReadDefinitions.ts"
import { makeLeaders } from "../Leaders.ts"
import { plannedTarget } from "./Planned.ts"
import type { Obstacle } from "./Preflight.ts"
import { isMissing, obstaclesOf } from "./Preflight.ts"
import type { SurveyedTopic } from "./Survey.ts"
import { foreignData, lookAtTargets } from "./Targets.ts"

/** A topic that is to be restored, and where to. */
export interface RestoreStep {
  readonly source: SurveyedTopic
  readonly target: string
}

/** What missing targets are created as. */
export interface Creation {
  readonly definitions: Definitions
  readonly topicConfigs: Readonly<Record<string, string>>
}

export interface LookOptions {
  /** Refuse a target partition whose data no restore wrote. */
  readonly failOnExistingData: boolean
  /** `undefined`: missing targets are not created. */
  readonly creation: Creation | undefined
}

/** All that is in the way, together, in the order of the steps. */
export const lookAhead = (
  steps: ReadonlyArray<RestoreStep>,
  { creation, failOnExistingData }: LookOptions
): Effect.Effect<ReadonlyArray<Obstacle>, KafkaError | CodecError, Kafka> =>
  Effect.gen(function*() {
    const leaders = yield* makeLeaders
    const { brokers, targets } = yield* lookAtTargets(leaders, steps.map(({ target }) => target))
    const nowMs = BigInt(yield* Clock.currentTimeMillis)
    const plan = ({ source, target }: RestoreStep) =>
      creation && plannedTarget(
        { source: source.topic, target, leastPartitions: source.partitionCount },
        creation.definitions.get(source.topic),
        creation.topicConfigs,
        brokers
      )
    const obstacles = yield* Effect.forEach(steps, (step) =>
      Effect.gen(function*() {
        const { source, target } = step
        const found = targets.get(target)
        const known = obstaclesOf(
          target,
          found,
          source,
          nowMs,
          isMissing(found) ? plan(step) : undefined
        )
        const isThere = found !== undefined && found.metadata.error === undefined
        if (!isThere || !failOnExistingData) return known
        const count = found.metadata.partitions.length
        const there = [...source.partitions].filter((partition) => partition < count)
        return [...known, ...(yield* foreignData(leaders, target, there))]
      }))
    return obstacles.flat()
  })
