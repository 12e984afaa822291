/** What the plan topic holds already: read whole, so that each file is planned once. */
import { Effect, Either, Stream } from "effect"
import type { ReadRecord } from "../../src/codec/PlainRecords.ts"
import type { ArchiveKey } from "../../src/domain/ArchiveKey.ts"
import { parseLaterRoot, partitionFolder } from "../../src/domain/ArchiveKey.ts"
import { partitionOfKey } from "../../src/domain/Murmur2.ts"
import type { PlannedFile } from "../../src/domain/Plan.ts"
import { fromPlanRecord } from "../../src/domain/Plan.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import type { Leaders } from "../Leaders.ts"
import { logOffsets, PlanError, readPlan } from "../PlanTopic.ts"
import type { Generation } from "./Generations.ts"

/** The files of one partition of the archive that the plan holds. */
export interface PlannedPartition {
  /** Index of the last one; 0 for none. */
  lastIndex: number
  /** The highest first offset of any. */
  lastFirstOffset: bigint
  /** Nothing more can be planned: there would be a hole that a late file should have filled. */
  isClosed: boolean
  /** See `fileMark`. */
  readonly files: Set<bigint | string>
}

/** By topic and partition. */
export type PlanHistory = Map<string, PlannedPartition>

const nothingPlanned = (): PlannedPartition => (
  { lastIndex: 0, lastFirstOffset: -1n, isClosed: false, files: new Set() }
)

/** What the plan holds of the partition, to be added to. */
export const plannedOf = (history: PlanHistory, source: TopicPartition): PlannedPartition => {
  const name = topicPartitionName(source)
  const known = history.get(name) ?? nothingPlanned()
  history.set(name, known)
  return known
}

/** Tells the files of a partition apart: the first offset, and for a branch its root. */
export const fileMark = (root: string, archive: ArchiveKey): bigint | string =>
  archive.root === root ? archive.firstOffset : `${archive.root} ${archive.firstOffset}`

/** Takes up the file that follows in the plan. `root`: of its generation. */
export const addFile = (known: PlannedPartition, root: string, archive: ArchiveKey): void => {
  known.lastIndex++
  if (archive.firstOffset > known.lastFirstOffset) known.lastFirstOffset = archive.firstOffset
  known.files.add(fileMark(root, archive))
}

/** What a plan must agree with to be continued. */
export interface PlanIdentity {
  /** Prefix of the archive without a slash at its end. */
  readonly root: string
  /** What is planned of each topic. */
  readonly generations: ReadonlyMap<string, Generation>
  readonly topicsSha: string
  /** Partitions of the plan topic. */
  readonly partitions: number
}

const otherPlan = (message: string) => new PlanError({ reason: "OtherPlan", message })
const disorder = (message: string) => new PlanError({ reason: "Disorder", message })

const disagreement = (
  file: PlannedFile,
  where: string,
  partition: number,
  identity: PlanIdentity
): PlanError | undefined => {
  const advice = "use another plan topic, or ask for what this one was made for"
  const { root } = file.archive
  if (root !== identity.root && parseLaterRoot(root)?.prefix !== identity.root) {
    return otherPlan(
      `${where} plans a file under another prefix, ${file.key}, not under "${identity.root}"; ${advice}`
    )
  }
  const generation = identity.generations.get(file.topic)
  if (generation === undefined) {
    return otherPlan(
      `${where} plans topic ${file.topic}, which is not to be planned now; ${advice}`
    )
  }
  if (root !== generation.root && !generation.branches.includes(root)) {
    return otherPlan(
      `${where} plans another generation of topic ${file.topic}, with ${file.key}, than the one ` +
        `under "${generation.root}"; ${advice}, with -generation`
    )
  }
  if (file.topicsSha !== identity.topicsSha) {
    return otherPlan(
      `${where} belongs to a plan of other topics, or of the same in another order ` +
        `(topics-sha ${file.topicsSha}, now ${identity.topicsSha}); ${advice}`
    )
  }
  const key = Buffer.from(partitionFolder(generation.root, file))
  if (partitionOfKey(key, identity.partitions) === partition) return undefined
  return disorder(
    `${where} is not where its key belongs with ${identity.partitions} plan partitions: ` +
      "the plan topic got partitions after it was planned; use another plan topic"
  )
}

/** Takes up one plan record; returns what is wrong with it. */
export const remember = (
  history: PlanHistory,
  record: ReadRecord,
  source: TopicPartition,
  identity: PlanIdentity
): PlanError | undefined => {
  const where = `plan record at ${topicPartitionName(source)} offset ${record.offset}`
  const parsed = fromPlanRecord(record)
  if (Either.isLeft(parsed)) {
    return disorder(`${where} is unusable: ${parsed.left.message}; use another plan topic`)
  }
  const file = parsed.right
  const wrong = disagreement(file, where, source.partition, identity)
  if (wrong !== undefined) return wrong
  const known = plannedOf(history, file)
  const root = identity.generations.get(file.topic)?.root ?? ""
  if (known.files.has(fileMark(root, file.archive))) return undefined
  if (file.index !== known.lastIndex + 1) {
    return disorder(
      `${where} (${file.key}, index ${file.index}) does not follow index ${known.lastIndex} of its partition; use another plan topic`
    )
  }
  addFile(known, root, file.archive)
  return undefined
}

/** Reads the whole plan topic, as it is now. */
export const readHistory = (
  leaders: Leaders,
  partitions: ReadonlyArray<TopicPartition>,
  identity: PlanIdentity
) =>
  Effect.gen(function*() {
    const history: PlanHistory = new Map()
    const ends = yield* logOffsets(partitions, "stable")
    const starts = yield* logOffsets(partitions, "earliest")
    yield* Effect.forEach(partitions, (source) => {
      const start = starts.get(source.partition) ?? 0n
      const end = ends.get(source.partition) ?? 0n
      return Stream.runForEach(readPlan(leaders, source, start, end), (page) => {
        for (const record of page.records) {
          const wrong = remember(history, record, source, identity)
          if (wrong !== undefined) return Effect.fail(wrong)
        }
        return Effect.void
      })
    }, { concurrency: 4, discard: true })
    return history
  })
