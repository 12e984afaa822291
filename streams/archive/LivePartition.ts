/** Compares what is archived of a partition with its log. */
import { Effect, Stream } from "effect"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import type { Kafka, KafkaError } from "../../services/Kafka.ts"
import type { ObjectStore, StoreError } from "../../services/ObjectStore.ts"
import type { TopicCounts } from "../../services/Progress.ts"
import type { ArchivedRecords } from "../../src/codec/ArchivedRecords.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import { RecordComparison } from "../../src/codec/RecordComparison.ts"
import { allRecords } from "../../src/domain/RecordRange.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import { storedFacts } from "../ArchiveFiles.ts"
import { decoding } from "../Decoding.ts"
import type { Leaders } from "../Leaders.ts"
import type { Generation } from "../plan/Generations.ts"
import { archivePages } from "./ArchiveSide.ts"
import { liveDifference, liveRules } from "./LiveRecords.ts"
import type { LogEnds } from "./LogSide.ts"
import { logEnds, logPages, logStart } from "./LogSide.ts"
import { neededFiles } from "./NeededFiles.ts"
import type { Side } from "./Side.ts"
import { sideOf } from "./Side.ts"
import type { Parting } from "./SideBySide.ts"
import { sideBySide } from "./SideBySide.ts"

/** A partition of the cluster has been compared with the archive. */
export interface LivePartition extends TopicPartition {
  /** That both have, and that are the same. */
  readonly records: number
  /** Offsets of the log behind what is archived: from this one to before the other. */
  readonly unarchivedFrom: bigint
  readonly unarchivedUntil: bigint
}

export interface LiveOutcome {
  readonly compared: LivePartition
  /** What is wrong, in a sentence. */
  readonly error: string | undefined
  /** What the archive will never have, in a sentence. */
  readonly lost: string | undefined
}

export interface LiveSource {
  readonly leaders: Leaders
  readonly generation: Generation
  readonly source: TopicPartition
  /** Whether the log may lack any record that is archived. */
  readonly isThinned: boolean
  readonly counts: TopicCounts
}

type Services = Kafka | ObjectStore | ForeignSchema
type Failure = KafkaError | StoreError | CodecError
type ArchiveSide = Side<ArchivedRecords, Failure, Services>

/** The log is through: of the archived records the first that should be in it, or is behind it. */
const leftOver = (
  comparison: RecordComparison,
  side: ArchiveSide,
  standing: ArchivedRecords | undefined,
  end: bigint,
  place: string
) =>
  Effect.gen(function*() {
    let archived = standing
    while (archived !== undefined) {
      const here = archived
      if (yield* decoding(place, () => comparison.pass(here, end))) return here.offset
      archived = yield* side
    }
    return undefined
  })

/** What has been archived since the log was asked for its end is no error. */
const errorOfLeftOver = (source: TopicPartition, { end }: LogEnds, offset: bigint) =>
  Effect.gen(function*() {
    if (offset < end) {
      return `the record of offset ${offset} is not in the log, which has others in front of it`
    }
    const now = yield* logEnds(source)
    return offset < now.end
      ? undefined
      : `the archive goes on to offset ${offset}, the log ends in front of ${now.end}`
  })

/** The offset behind what is archived; `undefined`: nothing is. */
const archivedNext = (last: string | undefined, through: bigint) =>
  last === undefined
    ? Effect.succeed(undefined)
    : Effect.map(storedFacts(last), (facts) =>
      facts !== undefined && facts.coverageNext > through ? facts.coverageNext : through + 1n)

/** The archive is through. */
const behind = ({ logged }: Parting, { end, start }: LogEnds, next: bigint | undefined) => {
  const from = next === undefined || next < start ? start : next < end ? next : end
  const isForgotten = logged !== undefined && next !== undefined && logged.offset < next
  return {
    unarchived: { unarchivedFrom: from, unarchivedUntil: end },
    error: isForgotten
      ? `the record of offset ${logged.offset} is in the log, but not in the archive, whose last ` +
        `file accounts for all up to offset ${next - 1n}`
      : undefined,
    lost: next !== undefined && next < start
      ? `the offsets ${next} to ${start - 1n} were deleted from the log before they were archived`
      : undefined
  }
}

const compare = ({ counts, generation, isThinned, leaders, source }: LiveSource) =>
  Effect.gen(function*() {
    const place = topicPartitionName(source)
    const walking = <A>(walk: () => A) => decoding(place, walk)
    const ends = yield* logEnds(source)
    const comparison = new RecordComparison(liveRules)
    comparison.isThinned = isThinned
    comparison.floor = ends.start
    let lastKey: string | undefined
    const fromStart = { ...allRecords, fromOffset: ends.start }
    const files = neededFiles(generation, source.partition, fromStart).pipe(
      Stream.tap(({ key }) => Effect.sync(() => void (lastKey = key)))
    )
    const archive = yield* sideOf(archivePages(files, allRecords), walking)
    const log = yield* sideOf(logPages(leaders, source, ends), walking)
    const isExcused = (offset: bigint) =>
      Effect.map(logStart(source), (start) => {
        comparison.floor = start
        return comparison.mayLack(offset)
      })
    const sides = { archive, log, comparison, counts, place, isExcused }
    const parting = yield* sideBySide<Failure, Services>(sides)
    const nothing = { unarchivedFrom: ends.end, unarchivedUntil: ends.end }
    const compared = { ...source, records: comparison.records, ...nothing }
    if (parting.difference !== undefined) {
      return { compared, error: liveDifference(parting.difference), lost: undefined }
    }
    const left = yield* leftOver(comparison, archive, parting.archived, ends.end, place)
    if (left !== undefined) {
      const error = yield* errorOfLeftOver(source, ends, left)
      return { compared, error, lost: undefined }
    }
    const next = yield* archivedNext(lastKey, comparison.through)
    const { error, lost, unarchived } = behind(parting, ends, next)
    return { compared: { ...compared, ...unarchived }, error, lost }
  })

/** Stops at the first difference. What cannot be read is one. */
export const compareLive = (
  source: LiveSource
): Effect.Effect<LiveOutcome, KafkaError | StoreError, Services> => {
  const failed = ({ message }: KafkaError | CodecError) =>
    Effect.succeed({
      compared: { ...source.source, records: 0, unarchivedFrom: 0n, unarchivedUntil: 0n },
      error: `it cannot be compared: ${message}`,
      lost: undefined
    })
  return Effect.scoped(compare(source)).pipe(
    Effect.catchTag("CodecError", failed),
    Effect.catchTag("KafkaError", (error) => error.retriable ? Effect.fail(error) : failed(error))
  )
}
