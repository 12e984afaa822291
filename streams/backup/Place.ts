/**
 * Under which root a partition goes on, and from which offset: behind its newest archive file, or
 * as a branch where the log was cut back.
 */
import { Effect, Option } from "effect"
import type { BufferedFile } from "../../services/DiskBuffer.ts"
import type { CommittedOffset } from "../../services/Kafka.ts"
import {
  branchRoot,
  joinPath,
  parseArchiveKey,
  parseLaterRoot
} from "../../src/domain/ArchiveKey.ts"
import type { Origin } from "../../src/domain/FileAccount.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import { archiveFile } from "./Archive.ts"
import { BackupError } from "./Archived.ts"
import type { Branched } from "./Branches.ts"
import { findFork, isOnLog, presentBranch } from "./Branches.ts"
import { copyHead } from "./CopyHead.ts"
import { placePartition } from "./Generation.ts"
import { coverageNextOf } from "./Newest.ts"
import type { OpeningFacts } from "./OpeningFacts.ts"

/** Where a partition goes on. */
export interface Place {
  readonly root: string
  /** Roots of this generation whose branch of the log is no more. */
  readonly former: ReadonlyArray<string>
  /** Everything below is in the archive. */
  readonly watermark: bigint
  /** Leader epoch of the last batch before the watermark; -1 unknown. */
  readonly lastEpoch: number
  /** First offset of the newest archive file. */
  readonly newestFirst: bigint | undefined
}

const hintPrefix = "newest archive file: "

/** The metadata of a committed offset: which archive file was the newest. */
export const commitMetadata = (newestFirst: bigint | undefined): string | null =>
  newestFirst === undefined ? null : `${hintPrefix}${newestFirst}`

const hintOf = (committed: CommittedOffset | undefined): bigint | undefined => {
  const digits = committed?.metadata?.startsWith(hintPrefix) === true
    ? committed.metadata.slice(hintPrefix.length)
    : ""
  return /^\d{1,19}$/.test(digits) ? BigInt(digits) : undefined
}

/** Leader epochs of later branches that a run before this one began, and has not uploaded from. */
const begunBranches = (
  prefix: string,
  topicId: string,
  epoch: number,
  buffered: ReadonlyArray<BufferedFile>
) =>
  buffered.flatMap(({ name }) => {
    const later = parseLaterRoot(parseArchiveKey(name)?.root ?? "")
    const isOurs = later?.prefix === joinPath(prefix) && later.topicId === topicId
    return isOurs && (later.leaderEpoch ?? -1) > epoch ? later.leaderEpoch ?? [] : []
  })

const noPlace = ({ root }: Branched) =>
  new BackupError({
    reason: "NoPrefix",
    message: `the log was cut back after an unclean leader election, and what follows cannot be`
      + ` archived beside ${root === "" ? "an archive without a prefix" : root}: set -s3-prefix`
  })

const branchOff = (
  prefix: string,
  origin: Origin,
  source: TopicPartition,
  present: Branched,
  leaderEpoch: number,
  { buffered, logStart }: OpeningFacts
) =>
  Effect.gen(function*() {
    if (joinPath(prefix) === "") return yield* noPlace(present)
    const begun = begunBranches(prefix, origin.topicId, present.epoch, buffered)
    const epoch = Math.max(...begun.length > 0 ? begun : [leaderEpoch, present.epoch + 1])
    const root = branchRoot(prefix, origin.topicId, epoch)
    const { head, leaderEpoch: lastEpoch, offset } = yield* findFork(
      source,
      present.roots,
      leaderEpoch,
      logStart
    )
    yield* Effect.logWarning(
      "the log was cut back after an unclean leader election: what it holds from this offset on is"
        + " archived as a branch, what the archive held before stays"
    ).pipe(Effect.annotateLogs({
      partition: topicPartitionName(source),
      offset: String(offset),
      "log start": String(logStart),
      "leader epoch": leaderEpoch,
      root
    }))
    const place = {
      root,
      former: present.roots.filter((each) => each !== root),
      watermark: offset,
      lastEpoch,
      newestFirst: undefined
    }
    // Nowhere but in the archive any more; the branch begins with a copy.
    const copied = head === undefined || begun.length > 0
      ? undefined
      : yield* copyHead(root, source, origin, head)
    if (head === undefined || copied === undefined) return place
    yield* archiveFile(copied, { patience: "30 seconds" })
    return { ...place, watermark: head.until, lastEpoch: head.leaderEpoch }
  })

/** Asks archive and cluster. `leaderEpoch`: the present one. */
export const whereItGoesOn = (
  prefix: string,
  origin: Origin,
  source: TopicPartition,
  leaderEpoch: number,
  facts: OpeningFacts
) =>
  Effect.gen(function*() {
    const { bufferedOfTopic, committed, logStart, survey } = facts
    const placed = yield* placePartition(prefix, origin, source, {
      buffered: bufferedOfTopic,
      hint: hintOf(committed),
      survey
    })
    const present = yield* presentBranch(prefix, origin.topicId, source, placed, survey)
    const newest = Option.getOrUndefined(present.newest)
    const newestFirst = newest?.firstOffset
    const agrees = newest?.facts === undefined
      ? present.agrees
      : yield* isOnLog(source, newest.facts, leaderEpoch)
    if (!agrees) {
      return yield* branchOff(prefix, origin, source, present, leaderEpoch, facts)
    }
    const watermark = newest === undefined ? logStart : yield* coverageNextOf(newest)
    const { root, roots } = present
    const former = roots.filter((each) => each !== root)
    const lastEpoch = newest?.facts?.lastLeaderEpoch ?? -1
    return { root, former, watermark, lastEpoch, newestFirst }
  })
