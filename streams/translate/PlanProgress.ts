/** How far the restore has come with the plan, by partition of the archive. */
import { Effect, Either, Stream } from "effect"
import type { TopicMetadata } from "../../services/Kafka.ts"
import { Kafka, KafkaError } from "../../services/Kafka.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import type { ReadRecord } from "../../src/codec/PlainRecords.ts"
import { fromPlanRecord } from "../../src/domain/Plan.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import { makeLeaders } from "../Leaders.ts"
import { findPlanTopic, logOffsets, PlanError, planPartitions, readPlan } from "../PlanTopic.ts"
import { patiently } from "../ReadLog.ts"

export interface PlanRef {
  /** The plan topic. */
  readonly topic: string
  /** The consumer group of the restore that works the plan off. */
  readonly groupId: string
}

export type PlanProgressError = KafkaError | CodecError | PlanError

export interface PlanProgress {
  /**
   * Reads what is new in the plan and how far its group has come. What was known stays when it
   * fails; it is then out of date, and says pending rather than done.
   */
  readonly refresh: Effect.Effect<void, PlanProgressError, Kafka>
  /** Whether a file of the archive's partition was planned and not finished at the last refresh. */
  readonly pending: (source: TopicPartition) => boolean
  /** Whether the plan names the archive's partition at all. */
  readonly planned: (source: TopicPartition) => boolean
}

/** Plan partitions that are read at once. */
const partitionsAtOnce = 4

/** Where the group stands in each plan partition; missing: it has committed nothing there. */
const fetchCommitted = (groupId: string, partitions: ReadonlyArray<TopicPartition>) =>
  Effect.flatMap(Kafka, (kafka) => kafka.fetchOffsets(groupId, partitions)).pipe(
    Effect.flatMap((answers) => {
      const committed = new Map<number, bigint>()
      for (const { error, offset, partition } of answers) {
        if (error !== undefined) {
          const operation = "fetch the plan's committed offsets of group"
          return new KafkaError({ operation, subject: groupId, reason: error, cause: "" })
        }
        if (offset >= 0n) committed.set(partition, offset)
      }
      return Effect.succeed<ReadonlyMap<number, bigint>>(committed)
    }),
    patiently("30 seconds")
  )

/** What is known of the plan: little per partition of the archive, however many files it has. */
class KnownPlan {
  topicId = ""
  /** Where each plan partition is read next. */
  readonly positions = new Map<number, bigint>()
  committed: ReadonlyMap<number, bigint> = new Map()
  /** By partition of the archive: its last record in each plan partition that has one. */
  readonly #last = new Map<string, Map<number, bigint>>()

  /** A plan topic that was deleted and created anew is another plan. */
  begin(topicId: string): void {
    if (this.topicId === topicId) return
    this.topicId = topicId
    this.positions.clear()
    this.committed = new Map()
    this.#last.clear()
  }

  get empty(): boolean {
    return this.#last.size === 0
  }

  /** Returns whether the record says which partition it is about. */
  take(planPartition: number, record: ReadRecord): boolean {
    const source = Either.match(fromPlanRecord(record), {
      // The restore stops there too, so that it counts as planned and never as finished.
      onLeft: (error) => error.source,
      onRight: (file) => file
    })
    if (source === undefined) return false
    const name = topicPartitionName(source)
    const known = this.#last.get(name)
    if (known === undefined) this.#last.set(name, new Map([[planPartition, record.offset]]))
    else known.set(planPartition, record.offset)
    return true
  }

  planned(source: TopicPartition): boolean {
    return this.#last.has(topicPartitionName(source))
  }

  pending(source: TopicPartition): boolean {
    for (const [partition, last] of this.#last.get(topicPartitionName(source)) ?? []) {
      if (last >= (this.committed.get(partition) ?? 0n)) return true
    }
    return false
  }
}

/**
 * Reads the whole plan once, and with each refresh only what is new. Fails with `PlanError`
 * NoPlanTopic while the topic does not exist.
 */
export const makePlanProgress = (
  { groupId, topic }: PlanRef
): Effect.Effect<PlanProgress, PlanProgressError, Kafka> =>
  Effect.gen(function*() {
    const leaders = yield* makeLeaders
    const known = new KnownPlan()
    let warned = false

    const found: Effect.Effect<TopicMetadata, KafkaError | PlanError, Kafka> = Effect.flatMap(
      findPlanTopic(leaders, topic),
      (metadata) => {
        if (metadata !== undefined) return Effect.succeed(metadata)
        const message = `plan topic ${topic} does not exist: plan the restore first, ` +
          "or leave -plan-topic out"
        return new PlanError({ reason: "NoPlanTopic", message })
      }
    )

    const readOn = (source: TopicPartition, start: bigint, end: bigint) => {
      const { partition } = source
      const from = known.positions.get(partition) ?? start
      return Stream.runForEach(readPlan(leaders, source, from, end), (page) => {
        const unusable = page.records.filter((record) => !known.take(partition, record))
        known.positions.set(partition, page.next)
        const [first] = unusable
        return first === undefined
          ? Effect.void
          : Effect.logWarning("plan records name no archive file, the restore stops there").pipe(
            Effect.annotateLogs({
              planPartition: topicPartitionName(source),
              offset: String(first.offset),
              records: unusable.length
            })
          )
      })
    }

    const warnUncommitted = Effect.suspend(() => {
      if (warned || known.empty || known.committed.size > 0) return Effect.void
      warned = true
      return Effect.logWarning(
        "the group of the plan has committed nothing, all of the plan counts as not restored"
      ).pipe(Effect.annotateLogs({ group: groupId, planTopic: topic }))
    })

    const refresh = Effect.gen(function*() {
      const metadata = yield* found
      known.begin(metadata.topicId)
      const partitions = planPartitions(metadata)
      const ends = yield* logOffsets(partitions, "stable")
      const starts = yield* logOffsets(partitions, "earliest")
      yield* Effect.forEach(
        partitions,
        (source) =>
          readOn(source, starts.get(source.partition) ?? 0n, ends.get(source.partition) ?? 0n),
        { concurrency: partitionsAtOnce, discard: true }
      )
      known.committed = yield* fetchCommitted(groupId, partitions)
      yield* warnUncommitted
    })

    yield* refresh
    return {
      refresh,
      pending: (source) => known.pending(source),
      planned: (source) => known.planned(source)
    }
  })
