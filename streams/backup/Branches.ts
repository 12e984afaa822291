/**
 * Branches of a partition: after an unclean leader election the log goes on from an offset that
 * the archive holds already. What is written from there on goes under a root of its own.
 */
import { Effect, Option } from "effect"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import type { EpochEnd, KafkaError } from "../../services/Kafka.ts"
import { Kafka, KafkaError as KafkaFailure } from "../../services/Kafka.ts"
import type { ObjectStore, StoreError } from "../../services/ObjectStore.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import {
  generationRoot,
  generationsFolder,
  joinPath,
  parseLaterRoot
} from "../../src/domain/ArchiveKey.ts"
import type { FileFacts } from "../../src/domain/FileFacts.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import { storedFacts } from "../ArchiveFiles.ts"
import { chainOf } from "../BranchChain.ts"
import { listFolders } from "../StoreReads.ts"
import { agreesWithCluster } from "./Agreement.ts"
import type { Head } from "./CopyHead.ts"
import type { Placement } from "./Generation.ts"
import { coverageNextOf, newestFile } from "./Newest.ts"
import type { Branch, Survey } from "./Survey.ts"

/** Where a partition of a generation is now. */
export interface Branched extends Placement {
  /** Of the generation, then of its branches up to the present one, the oldest first. */
  readonly roots: ReadonlyArray<string>
  /** Leader epoch in the name of the present branch; -1: there is none. */
  readonly epoch: number
}

/** The branches of a topic, of all its partitions, the oldest first. */
const branchesOf = (prefix: string, topicId: string, { folders, ofMany }: Survey) => {
  if (joinPath(prefix) === "") return Effect.succeed([])
  const where = ofMany ? generationsFolder(prefix) : `${generationRoot(prefix, topicId)}.`
  return Effect.map(
    folders(where, listFolders(where)),
    (folders) =>
      folders.flatMap((folder): ReadonlyArray<Branch> => {
        const later = parseLaterRoot(folder.slice(0, -1))
        return later?.leaderEpoch === undefined || later.topicId !== topicId
          ? []
          : [{ ...later, leaderEpoch: later.leaderEpoch }]
      }).sort((a, b) => a.leaderEpoch - b.leaderEpoch)
  )
}

/** The newest branch that holds files of the partition, or the generation itself. */
export const presentBranch = (
  prefix: string,
  topicId: string,
  source: TopicPartition,
  placed: Placement,
  survey: Survey
): Effect.Effect<Branched, StoreError | CodecError, ObjectStore> =>
  Effect.gen(function*() {
    const branches = yield* survey.branches(topicId, branchesOf(prefix, topicId, survey))
    for (let at = branches.length - 1; at >= 0; at--) {
      const { leaderEpoch, root } = branches[at] ?? { leaderEpoch: -1, root: "" }
      const newest = yield* newestFile(root, source, undefined, survey)
      if (Option.isNone(newest)) continue
      const roots = [placed.root, ...branches.slice(0, at + 1).map((each) => each.root)]
      return { root, newest, agrees: true, roots, epoch: leaderEpoch }
    }
    return { ...placed, roots: [placed.root], epoch: -1 }
  })

/**
 * Whether the log still holds the record before `next` that somebody has read in `leaderEpoch`, by
 * the leader's answer about that epoch. Then everything before it is the same as well (KIP-101).
 */
export const isStillThere = (answer: EpochEnd, leaderEpoch: number, next: bigint): boolean =>
  answer.leaderEpoch < 0 || (answer.leaderEpoch === leaderEpoch && answer.endOffset >= next)

/** What the leader says about the end of an epoch. */
const endOf = (source: TopicPartition, leaderEpoch: number, currentLeaderEpoch: number) =>
  Effect.gen(function*() {
    const kafka = yield* Kafka
    const [answer] = yield* kafka.endOfEpoch([{ ...source, leaderEpoch, currentLeaderEpoch }])
    if (answer !== undefined && answer.error === undefined) return answer
    return yield* new KafkaFailure({
      operation: "ask for the end of a leader epoch of",
      subject: topicPartitionName(source),
      reason: answer?.error ?? "MALFORMED_RESPONSE",
      cause: ""
    })
  })

/** Whether the log still holds what a file accounts for; true when nothing can tell. */
export const isOnLog = (
  source: TopicPartition,
  { coverageNext, lastLeaderEpoch }: Pick<FileFacts, "lastLeaderEpoch" | "coverageNext">,
  currentLeaderEpoch: number
): Effect.Effect<boolean, KafkaError, Kafka> =>
  // The leader of an epoch has everything that was read in it.
  lastLeaderEpoch < 0 || lastLeaderEpoch === currentLeaderEpoch
    ? Effect.succeed(true)
    : Effect.map(
      endOf(source, lastLeaderEpoch, currentLeaderEpoch),
      (answer) => isStillThere(answer, lastLeaderEpoch, coverageNext)
    )

export interface Fork {
  /** Everything below is in the archive, in files that agree with the log. */
  readonly offset: bigint
  /** Leader epoch of the record before it; -1 unknown. */
  readonly leaderEpoch: number
  /** The file that begins there and goes on beside the log: what of it the log has, or had. */
  readonly head: Head | undefined
}

interface Parting {
  readonly key: string
  readonly facts: FileFacts | undefined
  readonly from: bigint
}

/** The part of the file that belongs to the log, which begins at `logStart` now. */
const headOf = (
  source: TopicPartition,
  { facts, from, key }: Parting,
  currentLeaderEpoch: number,
  logStart: bigint
) =>
  Effect.gen(function*() {
    if (facts === undefined || facts.lastLeaderEpoch < 0) {
      return { key, facts, from, until: logStart, leaderEpoch: -1 }
    }
    const end = yield* endOf(source, facts.lastLeaderEpoch, currentLeaderEpoch)
    const none = end.leaderEpoch < facts.firstLeaderEpoch
    const until = none ? from : end.endOffset < logStart ? end.endOffset : logStart
    return { key, facts, from, until, leaderEpoch: end.leaderEpoch }
  })

/** Where the archive and the log part: the end of the last archive file that the log still holds. */
export const findFork = (
  source: TopicPartition,
  roots: ReadonlyArray<string>,
  currentLeaderEpoch: number,
  logStart: bigint
): Effect.Effect<
  Fork,
  KafkaError | StoreError | CodecError,
  Kafka | ObjectStore | ForeignSchema
> =>
  Effect.gen(function*() {
    const { kept } = yield* chainOf(roots, source)
    let parting: Parting | undefined
    let offset = 0n
    let leaderEpoch = -1
    for (let at = kept.length - 1; at >= 0; at--) {
      const file = kept[at]
      if (file === undefined) break
      const { archive: { firstOffset }, key } = file
      const facts = yield* storedFacts(key)
      const agrees = facts === undefined
        ? yield* agreesWithCluster(source, key)
        : yield* isOnLog(source, facts, currentLeaderEpoch)
      if (agrees) {
        offset = yield* coverageNextOf({ key, firstOffset, facts })
        leaderEpoch = facts?.lastLeaderEpoch ?? -1
        break
      }
      offset = facts?.coverageStart ?? firstOffset
      parting = { key, facts, from: offset }
    }
    const head = parting === undefined || logStart <= offset
      ? undefined
      : yield* headOf(source, parting, currentLeaderEpoch, logStart)
    return { offset, leaderEpoch, head }
  })
