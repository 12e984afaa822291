/** Asks the cluster whether a restore can be done, and names all that is in the way. Writes nothing. */
import { Clock, Effect } from "effect"
import type { KafkaError } from "../../services/Kafka.ts"
import { Kafka } from "../../services/Kafka.ts"
import type { Rights } from "../../services/KafkaAdmin.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import type { Definitions } from "../definitions/ReadDefinitions.ts"
import type { Leaders } from "../Leaders.ts"
import { makeLeaders } from "../Leaders.ts"
import { patiently } from "../ReadLog.ts"
import type { DiskNeed } from "./Disk.ts"
import { estimateDisk } from "./Disk.ts"
import { plannedTarget } from "./Planned.ts"
import type { Obstacle, PlannedTarget, TargetTopic } from "./Preflight.ts"
import { isMissing, obstaclesOf } from "./Preflight.ts"
import { groupRightsMissing, topicRightsMissing } from "./Rights.ts"
import type { SurveyedTopic } from "./Survey.ts"
import type { FoundTargets } from "./Targets.ts"
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
  /** Compare what is to be restored with what is free on the disks of the brokers. */
  readonly disk: boolean
}

/** Nothing besides what is always asked for. */
export const plainLook = {
  creation: undefined,
  hold: undefined,
  groups: [],
  disk: true
} as const

interface Looked extends RestoreStep {
  /** `undefined`: the cluster did not tell. */
  readonly found: TargetTopic | undefined
  /** What it is going to be created as, when it is missing and is to be created. */
  readonly planned: PlannedTarget | undefined
}

const lookedAt = (
  { source, target }: RestoreStep,
  { brokers, targets }: FoundTargets,
  creation: Creation | undefined
): Looked => {
  const found = targets.get(target)
  const planned = creation === undefined || !isMissing(found) ? undefined : plannedTarget(
    { source: source.topic, target, leastPartitions: source.partitionCount },
    creation.definitions.get(source.topic),
    creation.topicConfigs,
    brokers
  )
  return { source, target, found, planned }
}

/** The rights on one topic, unless it cannot be looked at, which says the same. */
const rightsOn = (
  { planned, target }: Looked,
  judged: ReadonlyArray<Obstacle>,
  hold: LookOptions["hold"],
  rights: Rights
): ReadonlyArray<Obstacle> => {
  if (judged.some(({ kind }) => kind === "rights")) return []
  const deletes = judged.some(({ kind }) => kind === "retention")
  const describe = hold !== undefined
  const alter = hold !== undefined && (deletes || hold.has(target))
  const create = planned !== undefined
  return topicRightsMissing({ topic: target, create, describe, alter }, rights)
}

/** None where there is nothing, or nothing that may be read. */
const foreignIn = (leaders: Leaders, { found, source, target }: Looked, rights: Rights) => {
  const isThere = found !== undefined && found.metadata.error === undefined
  if (!isThere || rights.topics.get(target)?.has("Read") === false) return Effect.succeed([])
  const count = found.metadata.partitions.length
  const there = [...source.partitions].filter((partition) => partition < count)
  return foreignData(leaders, target, there)
}

/** A topic that says nothing of replicas takes room once at least. */
const needOf = ({ found, planned, source, target }: Looked): DiskNeed => {
  const partitions = (planned?.target ?? found)?.metadata.partitions ?? []
  return {
    topic: target,
    bytes: source.bytes,
    replicas: Math.max(1, partitions[0]?.replicas.length ?? 1),
    partitions: partitions.map(({ partition }) => ({ topic: target, partition }))
  }
}

const damagesOf = ({ source: { damages }, target }: RestoreStep): ReadonlyArray<Obstacle> =>
  damages.map((problem) => ({
    kind: "damaged",
    topic: target,
    problem,
    remedy: "put the object back from a copy, or from an earlier version in the bucket"
  }))

/** All that is in the way, together, in the order of the steps. */
export const lookAhead = (
  steps: ReadonlyArray<RestoreStep>,
  { creation, disk, failOnExistingData, groups, hold }: LookOptions
): Effect.Effect<ReadonlyArray<Obstacle>, KafkaError | CodecError, Kafka> =>
  Effect.gen(function*() {
    const leaders = yield* makeLeaders
    const kafka = yield* Kafka
    const names = steps.map(({ target }) => target)
    const rights = yield* patiently("5 seconds")(kafka.rights(names, groups))
    const there = yield* lookAtTargets(leaders, names, rights)
    const looked = steps.map((step) => lookedAt(step, there, creation))
    const nowMs = BigInt(yield* Clock.currentTimeMillis)
    const obstacles = yield* Effect.forEach(looked, (each) =>
      Effect.gen(function*() {
        const { found, planned, source, target } = each
        const judged = obstaclesOf(target, found, source, nowMs, planned)
        const foreign = failOnExistingData ? yield* foreignIn(leaders, each, rights) : []
        const unwritable = rightsOn(each, judged, hold, rights)
        return [...damagesOf(each), ...judged, ...unwritable, ...foreign]
      }))
    return [
      ...obstacles.flat(),
      ...groups.flatMap((group) => groupRightsMissing(group, rights)),
      ...(disk ? yield* estimateDisk(looked.map(needOf)) : [])
    ]
  })
