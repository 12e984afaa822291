/** From committed positions to places in the restored partitions, as far as there are any yet. */
import type { Scope } from "effect"
import { Effect, Either } from "effect"
import type { Kafka } from "../../services/Kafka.ts"
import type { ArchiveAnswer, PlanAnswer } from "../../src/domain/Decide.ts"
import { decide } from "../../src/domain/Decide.ts"
import type { RestoreChoice } from "../../src/domain/RestoreChoice.ts"
import { choosesTimes, rangeOf } from "../../src/domain/RestoreChoice.ts"
import type { RestoreGroupsOptions } from "../../src/domain/Settings.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import type { ArchiveCoverage } from "./ArchiveCoverage.ts"
import { makeArchiveCoverage } from "./ArchiveCoverage.ts"
import type { Placed } from "./CommitGroup.ts"
import type { LocatedPartition } from "./Locate.ts"
import { locateAll } from "./Locate.ts"
import type { PlanProgress } from "./PlanProgress.ts"
import { makePlanProgress } from "./PlanProgress.ts"
import type { Book, Open } from "./Settle.ts"
import { fail, refuse, wait } from "./Settle.ts"
import type { SharedFetch } from "./SharedFetch.ts"
import { makeSharedFetch } from "./SharedFetch.ts"

/** Partitions of the archive that are asked about at once. */
const archiveAsksAtOnce = 8

/** What answers questions about the target and the restore; kept over all passes. */
export interface Sources {
  readonly fetch: SharedFetch
  /** Read when the first pass needs it, and refreshed by each later one. */
  progress: PlanProgress | undefined
}

export const makeSources: Effect.Effect<Sources, never, Kafka | Scope.Scope> = Effect.map(
  makeSharedFetch,
  (fetch) => ({ fetch, progress: undefined })
)

/** Positions of all groups on one partition. */
interface OnPartition {
  readonly source: TopicPartition
  readonly target: TopicPartition
  readonly open: Array<Open>
}

const byPartition = (open: ReadonlyArray<Open>): ReadonlyArray<OnPartition> => {
  const partitions = new Map<string, OnPartition>()
  for (const position of open) {
    const { source, target } = position
    const name = topicPartitionName(target)
    const found = partitions.get(name)
    if (found === undefined) partitions.set(name, { source, target, open: [position] })
    else found.open.push(position)
  }
  return [...partitions.values()]
}

const offsetsOf = (open: ReadonlyArray<Open>): ReadonlyArray<bigint> => [
  ...new Set(open.map(({ committed }) => committed.offset))
]

interface Located extends OnPartition {
  readonly located: LocatedPartition
}

/** Partitions in which nothing can be found now are in the book with all their positions. */
const locateOpen = (fetch: SharedFetch, partitions: ReadonlyArray<OnPartition>, book: Book) =>
  Effect.map(
    locateAll(fetch, partitions.map(({ open, target }) => ({ target, wanted: offsetsOf(open) }))),
    (answers) =>
      partitions.flatMap((partition): ReadonlyArray<Located> => {
        const answer = answers.get(topicPartitionName(partition.target))
        if (answer === undefined) return []
        if (Either.isRight(answer)) return [{ ...partition, located: answer.right }]
        const { left: error } = answer
        for (const position of partition.open) {
          if (error._tag === "KafkaError") refuse(book, position, error.reason, error.message)
          else fail(book, position, error.message)
        }
        return []
      })
  )

type Answers = ReadonlyMap<bigint, ArchiveAnswer>

/** Of a topic with several lives the archive knows nothing that would be sure. */
const askOnce = (
  coverage: ArchiveCoverage,
  choice: RestoreChoice,
  source: TopicPartition,
  last: bigint,
  committed: bigint
) =>
  Effect.gen(function*() {
    if (!(yield* coverage.hasOneLife(source.topic))) return "unknown" as const
    const range = rangeOf(choice, source)
    const { toOffset = committed } = range
    const before = toOffset < committed ? toOffset : committed
    const holds = yield* coverage.holdsBetween(source, last, before)
    if (!holds || !choosesTimes(choice)) return holds ? "holds" : "none"
    const between = { ...range, fromOffset: last + 1n, toOffset: before }
    return (yield* coverage.holdsIn(source, between)) ? "holds" : "none"
  })

/** For each offset behind what is restored, with offsets between: what the archive has there. */
const askArchive = (
  coverage: ArchiveCoverage,
  choice: RestoreChoice,
  partition: Located,
  book: Book
) =>
  Effect.gen(function*() {
    const { located, open, source } = partition
    const last = located.last?.source ?? -1n
    const answers = new Map<bigint, ArchiveAnswer>()
    const unanswered = new Set<bigint>()
    for (const committed of offsetsOf(open)) {
      if (committed <= last + 1n) continue
      const answer = yield* Effect.either(askOnce(coverage, choice, source, last, committed))
      if (Either.isRight(answer)) answers.set(committed, answer.right)
      else {
        unanswered.add(committed)
        const { left: error } = answer
        for (const position of open.filter((each) => each.committed.offset === committed)) {
          if (error._tag === "StoreError") wait(book, position, "trouble", error.message)
          else fail(book, position, error.message)
        }
      }
    }
    const answered = open.filter(({ committed }) => !unanswered.has(committed.offset))
    return { ...partition, open: answered, answers }
  })

const askNothing = (partition: Located) => ({ ...partition, answers: new Map() satisfies Answers })

/** A partition that the plan does not name may still be planned: that says nothing. */
const planAnswer = (progress: PlanProgress | undefined, source: TopicPartition): PlanAnswer => {
  if (progress === undefined || !progress.planned(source)) return "unknown"
  return progress.pending(source) ? "pending" : "done"
}

const refreshed = ({ plan }: RestoreGroupsOptions, sources: Sources) =>
  Effect.gen(function*() {
    if (plan === undefined) return undefined
    if (sources.progress === undefined) sources.progress = yield* makePlanProgress(plan)
    else yield* sources.progress.refresh
    return sources.progress
  })

/** Positions that have a place now; all others are in the book. */
export const translate = (
  options: RestoreGroupsOptions,
  sources: Sources,
  open: ReadonlyArray<Open>,
  book: Book
) =>
  Effect.gen(function*() {
    // Before the target is looked at: what counts as restored is then found there.
    const progress = yield* refreshed(options, sources)
    const located = yield* locateOpen(sources.fetch, byPartition(open), book)
    const { archivePrefix } = options
    // A new one each time, because the archive may have grown.
    const coverage = archivePrefix === undefined ? undefined : makeArchiveCoverage(archivePrefix)
    const asked = yield* Effect.forEach(
      located,
      (partition) =>
        coverage === undefined
          ? Effect.succeed(askNothing(partition))
          : askArchive(coverage, options.choice, partition, book),
      { concurrency: archiveAsksAtOnce }
    )
    return asked.flatMap(({ answers, located, open, source }): ReadonlyArray<Placed> => {
      const plan = planAnswer(progress, source)
      return open.flatMap((position) => {
        const { offset: committed } = position.committed
        const archive = answers.get(committed) ?? "unknown"
        const { onAhead, once } = options
        const verdict = decide({ committed, located, archive, plan, onAhead, once })
        if (verdict.kind === "at") {
          const { offset, reason, status } = verdict
          return [{ open: position, place: { offset, status, reason, end: located.end } }]
        }
        if (verdict.kind === "wait") wait(book, position, "choice", verdict.reason)
        else fail(book, position, verdict.reason)
        return []
      })
    })
  })
