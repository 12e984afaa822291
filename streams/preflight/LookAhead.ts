/** Asks the cluster whether a restore can be done, and names all that is in the way. Writes nothing. */
import { Clock, Effect } from "effect"
import type { KafkaError } from "../../services/Kafka.ts"
import { Kafka } from "../../services/Kafka.ts"
import type { Rights } from "../../services/KafkaAdmin.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import type { Definitions } from "../definitions/ReadDefinitions.ts"
import { makeLeaders } from "../Leaders.ts"
import { patiently } from "../ReadLog.ts"
import { plannedTarget } from "./Planned.ts"
import type { Obstacle } from "./Preflight.ts"
import { isMissing, obstaclesOf } from "./Preflight.ts"
import { groupRightsMissing, topicRightsMissing } from "./Rights.ts"
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
  /** Raise retention where it is in the way, and of these topics anyway. */
  readonly hold: ReadonlySet<string> | undefined
  /** Consumer groups that are put back. */
  readonly groups: ReadonlyArray<string>
}

/** The rights on one topic, unless it cannot be looked at, which says the same. */
const rightsOn = (
  target: string,
  isCreated: boolean,
  known: ReadonlyArray<Obstacle>,
  hold: LookOptions["hold"],
  rights: Rights
): ReadonlyArray<Obstacle> => {
  if (known.some(({ kind }) => kind === "rights")) return []
  const deletes = known.some(({ kind }) => kind === "retention")
  const alter = hold !== undefined && (deletes || hold.has(target))
  const describe = hold !== undefined
  return topicRightsMissing({ topic: target, create: isCreated, describe, alter }, rights)
}

/** Nothing besides what is always asked for. */
export const plainLook = { creation: undefined, hold: undefined, groups: [] } as const

/** All that is in the way, together, in the order of the steps. */
export const lookAhead = (
  steps: ReadonlyArray<RestoreStep>,
  { creation, failOnExistingData, groups, hold }: LookOptions
): Effect.Effect<ReadonlyArray<Obstacle>, KafkaError | CodecError, Kafka> =>
  Effect.gen(function*() {
    const leaders = yield* makeLeaders
    const kafka = yield* Kafka
    const names = steps.map(({ target }) => target)
    const rights = yield* patiently("5 seconds")(kafka.rights(names, groups))
    const { brokers, targets } = yield* lookAtTargets(leaders, names, rights)
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
        const planned = isMissing(found) ? plan(step) : undefined
        const judged = obstaclesOf(target, found, source, nowMs, planned)
        const known = [
          ...judged,
          ...rightsOn(target, planned !== undefined, judged, hold, rights)
        ]
        const isThere = found !== undefined && found.metadata.error === undefined
        const isReadable = rights.topics.get(target)?.has("Read") !== false
        if (!isThere || !isReadable || !failOnExistingData) return known
        const count = found.metadata.partitions.length
        const there = [...source.partitions].filter((partition) => partition < count)
        return [...known, ...(yield* foreignData(leaders, target, there))]
      }))
    return [...obstacles.flat(), ...groups.flatMap((group) => groupRightsMissing(group, rights))]
  })
