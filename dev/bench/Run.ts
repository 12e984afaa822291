/** One run of the benchmark: produce, consume, back up, lose, plan, restore. */
import { Effect } from "effect"
import fs from "node:fs/promises"
import path from "node:path"
import { StackAddresses } from "../stack/Stack.ts"
import { StackError } from "../stack/StackError.ts"
import { Truth } from "../truth/Truth.ts"
import type { Measurement } from "./Measure.ts"
import { measure, measured, together } from "./Measure.ts"
import type { BenchOptions } from "./Options.ts"
import type { Payload } from "./Payload.ts"
import type { RunPlan } from "./Programs.ts"
import * as Programs from "./Programs.ts"

export interface RunResult {
  readonly producerPerformance: Measurement
  readonly consumerPerformance: Measurement
  readonly backup: Measurement
  readonly plan: Measurement
  readonly restore: Measurement
  /** The plan and the restore together: all of the way back. */
  readonly planAndRestore: Measurement
}

/** Fails unless the topic holds at least so many offsets: markers of the restore come on top. */
const checkCount = (topic: string, records: number) =>
  Effect.gen(function*() {
    const offsets = yield* Effect.flatMap(Truth, (truth) => truth.offsets([topic]))
    const count = offsets.reduce((sum, { earliest, latest }) => sum + latest - earliest, 0)
    if (count < records) {
      return yield* new StackError({
        step: "restore",
        cause: `${count} of ${records} records came back`
      })
    }
  })

/** The first records through a new broker pay for its internal topics and its compiler. */
export const warmUp = (payload: Payload, directory: string) =>
  Effect.gen(function*() {
    const truth = yield* Truth
    const topic = "warm-up"
    const plan = yield* planFor(topic, 50_000, payload, directory)
    yield* truth.createTopics([{ topic, partitions: 6 }])
    yield* measure(Programs.producerPerformance(plan))
    yield* measure(Programs.consumerPerformance(plan))
    yield* truth.deleteTopics([topic])
  })

/** A plan for this topic, with a directory of its own. */
export const planFor = (topic: string, records: number, payload: Payload, directory: string) =>
  Effect.gen(function*() {
    const addresses = yield* StackAddresses
    const runDirectory = path.join(directory, topic)
    yield* Effect.promise(() => fs.mkdir(runDirectory, { recursive: true }))
    const plan: RunPlan = {
      addresses,
      topic,
      records,
      payloadFile: payload.file,
      directory: runDirectory,
      profiles: undefined
    }
    return plan
  })

export const runOnce = (
  options: BenchOptions,
  payload: Payload,
  topic: string,
  directory: string
) =>
  Effect.gen(function*() {
    const truth = yield* Truth
    const plan: RunPlan = {
      ...(yield* planFor(topic, options.records, payload, directory)),
      profiles: options.profile ? path.join(directory, "profiles") : undefined
    }
    const newTopic = truth.createTopics([{ topic, partitions: options.partitions }])
    yield* newTopic
    const producerPerformance = yield* measured(Programs.producerPerformance(plan))
    const consumerPerformance = yield* measured(Programs.consumerPerformance(plan))
    const backup = yield* measured(Programs.topicsBackup(plan))
    yield* truth.deleteTopics([topic])
    yield* newTopic
    const planning = yield* measured(Programs.topicsPlanRestore(plan))
    const restore = yield* measured(Programs.topicsRestore(plan))
    yield* checkCount(topic, options.records)
    yield* truth.deleteTopics([topic])
    const result: RunResult = {
      producerPerformance,
      consumerPerformance,
      backup,
      plan: planning,
      restore,
      planAndRestore: together(planning, restore)
    }
    return result
  })
