/** The partitions that cannot go on, by the plan partition they belong to. */
import { Effect, Metric } from "effect"
import { restoreFailedPartitions } from "../../services/Metrics.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import type { RestoreFailure } from "./Outcome.ts"

export interface Failures {
  readonly add: (plan: TopicPartition, failure: RestoreFailure) => Effect.Effect<void>
  readonly remove: (plan: TopicPartition, partition: TopicPartition) => Effect.Effect<void>
  /** The plan partition is not ours any more, or begins anew. */
  readonly clear: (plan: TopicPartition) => Effect.Effect<void>
  /** Sorted by partition. */
  readonly all: () => ReadonlyArray<RestoreFailure>
}

export const makeFailures = (): Failures => {
  const byPlan = new Map<string, Map<string, RestoreFailure>>()
  const all = () =>
    [...byPlan.values()].flatMap((failures) => [...failures.values()]).sort((one, other) =>
      one.partition.topic === other.partition.topic
        ? one.partition.partition - other.partition.partition
        : one.partition.topic < other.partition.topic
        ? -1
        : 1
    )
  const report = Effect.suspend(() => Metric.set(restoreFailedPartitions, all().length))

  return {
    add: (plan, failure) =>
      Effect.suspend(() => {
        const name = topicPartitionName(plan)
        const failures = byPlan.get(name) ?? new Map<string, RestoreFailure>()
        byPlan.set(name, failures.set(topicPartitionName(failure.partition), failure))
        return Effect.zipRight(
          report,
          Effect.logWarning("partition stopped, the others go on").pipe(Effect.annotateLogs({
            ...failure.partition,
            reason: failure.reason,
            ...(failure.file === undefined ? {} : { file: failure.file })
          }))
        )
      }),
    remove: (plan, partition) =>
      Effect.suspend(() => {
        byPlan.get(topicPartitionName(plan))?.delete(topicPartitionName(partition))
        return report
      }),
    clear: (plan) =>
      Effect.suspend(() => {
        byPlan.delete(topicPartitionName(plan))
        return report
      }),
    all
  }
}
