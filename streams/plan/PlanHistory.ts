/** What the plan topic holds already: read whole, so that each file is planned once. */
import { Effect, Either, Stream } from "effect"
import type { ReadRecord } from "../../src/codec/PlainRecords.ts"
import { partitionFolder } from "../../src/domain/ArchiveKey.ts"
import { partitionOfKey } from "../../src/domain/Murmur2.ts"
import type { PlannedFile } from "../../src/domain/Plan.ts"
import { fromPlanRecord } from "../../src/domain/Plan.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import type { Leaders } from "../Leaders.ts"
import { logOffsets, PlanError, readPlan } from "../PlanTopic.ts"

/** The files of one partition of the archive that the plan holds. */
export interface PlannedPartition {
  /** Index of the last one; 0 for none. */
  lastIndex: number
  /** First offset of the last one. */
  lastFirstOffset: bigint
  readonly firstOffsets: Set<bigint>
}

/** By the folder of the partition, with the slash at its end. */
export type PlanHistory = Map<string, PlannedPartition>

/** What a plan must agree with to be continued. */
export interface PlanIdentity {
  /** Prefix of the archive without a slash at its end. */
  readonly root: string
  readonly topics: ReadonlySet<string>
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
  if (file.archive.root !== identity.root) {
    return otherPlan(
      `${where} plans a file under another prefix, ${file.key}, not under "${identity.root}"; ${advice}`
    )
  }
  if (!identity.topics.has(file.topic)) {
    return otherPlan(
      `${where} plans topic ${file.topic}, which is not to be planned now; ${advice}`
    )
  }
  if (file.topicsSha !== identity.topicsSha) {
    return otherPlan(
      `${where} belongs to a plan of other topics, or of the same in another order ` +
        `(topics-sha ${file.topicsSha}, now ${identity.topicsSha}); ${advice}`
    )
  }
  const key = Buffer.from(partitionFolder(file.archive.root, file))
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
  const folder = partitionFolder(file.archive.root, file)
  const known = history.get(folder) ??
    { lastIndex: 0, lastFirstOffset: -1n, firstOffsets: new Set<bigint>() }
  if (known.firstOffsets.has(file.archive.firstOffset)) return undefined
  if (file.index !== known.lastIndex + 1 || file.archive.firstOffset < known.lastFirstOffset) {
    return disorder(
      `${where} (${file.key}, index ${file.index}) does not follow index ${known.lastIndex} of its partition; use another plan topic`
    )
  }
  known.lastIndex = file.index
  known.lastFirstOffset = file.archive.firstOffset
  known.firstOffsets.add(file.archive.firstOffset)
  history.set(folder, known)
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
