/** Reads ahead in the plan for its target partitions, so that one takeover covers them all. */
import { Effect, Either, Stream } from "effect"
import { Kafka } from "../../services/Kafka.ts"
import { fromPlanRecord } from "../../src/domain/Plan.ts"
import { isChosen, targetTopic } from "../../src/domain/RestoreChoice.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import { logOffsets, readPlan } from "../PlanTopic.ts"
import { patiently } from "../ReadLog.ts"
import type { PlanContext } from "./RestoreContext.ts"

/** Those of the targets that exist; what becomes of the others is said when it is their turn. */
const existing = (context: PlanContext, targets: ReadonlyArray<TopicPartition>) =>
  Effect.gen(function*() {
    const kafka = yield* Kafka
    const names = [...new Set(targets.map(({ topic }) => topic))]
    const { topics } = yield* patiently("30 seconds")(kafka.metadata(names))
    context.leaders.learn(topics)
    const there = new Set(
      topics.flatMap(({ error, partitions, topic }) =>
        error === undefined
          ? partitions.map(({ partition }) => topicPartitionName({ topic, partition }))
          : []
      )
    )
    return targets.filter((target) => there.has(topicPartitionName(target)))
  })

/**
 * Takes over every target partition that the plan names between `from` and its end of now, and
 * returns that end. What cannot be taken over together is left to each target by itself.
 */
export const scanPlan = (context: PlanContext, from: bigint) =>
  Effect.gen(function*() {
    const { fencing, leaders, options, plan, planned } = context
    const end = (yield* logOffsets([plan], "stable")).get(plan.partition) ?? from
    const found = new Map<string, TopicPartition>()
    yield* Stream.runForEach(readPlan(leaders, plan, from, end), (page) =>
      Effect.sync(() => {
        for (const record of page.records) {
          const file = Either.getOrUndefined(fromPlanRecord(record))
          if (file === undefined || options.exclude(file.topic)) continue
          if (!isChosen(options.choice, file)) continue
          const topic = targetTopic(options, file.topic)
          const target = { topic, partition: file.partition }
          found.set(topicPartitionName(target), target)
          planned.planned(target, file.index)
        }
      }))
    planned.readToEnd()
    if (found.size > 0) {
      yield* Effect.flatMap(existing(context, [...found.values()]), fencing.cover).pipe(
        Effect.catchAll((error) =>
          Effect.logDebug("targets are taken over one by one").pipe(
            Effect.annotateLogs({ error: error.message })
          )
        )
      )
    }
    return end
  })
