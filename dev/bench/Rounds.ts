/** Rounds of a comparison: produce, consume, back up, plan, restore, each program once a round. */
import { Effect } from "effect"
import fs from "node:fs/promises"
import path from "node:path"
import { StackAddresses } from "../stack/Stack.ts"
import { StackError } from "../stack/StackError.ts"
import { Truth } from "../truth/Truth.ts"
import { archiveFiles } from "./Archive.ts"
import type { Measurement } from "./Measure.ts"
import { measure, measured, together } from "./Measure.ts"
import type { Bench } from "./Part.ts"
import type { Payload } from "./Payload.ts"
import type { RunPlan } from "./Programs.ts"
import * as Programs from "./Programs.ts"
import { sum } from "./Statistics.ts"
import { Workplace } from "./Workplace.ts"

export interface Workload {
  /** Of the topics, with the number of the round behind it. */
  readonly name: string
  readonly records: number
  readonly partitions: number
  readonly payload: Payload
}

/** In the order of the table. `both`: plan and restore one after the other, all of the way back. */
export const phases = [
  "consumer",
  "backup",
  "producer",
  "plan",
  "restoreLz4",
  "both",
  "restoreZstd"
] as const

export type Phase = (typeof phases)[number]

export interface Round extends Readonly<Record<Phase, Measurement>> {
  readonly archiveBytes: number
  readonly archiveFiles: number
}

/** A plan for this topic, with a directory of its own. */
export const planFor = (topic: string, records: number, payload: Payload, bench: Bench) =>
  Effect.gen(function*() {
    const addresses = yield* StackAddresses
    const workplace = yield* Workplace
    const directory = path.join(workplace.directory, topic)
    yield* Effect.promise(() => fs.mkdir(directory, { recursive: true }))
    const plan: RunPlan = {
      addresses,
      topic,
      records,
      payloadFile: payload.file,
      directory,
      profiles: bench.profiles
    }
    return plan
  })

/** Fails unless the topic holds at least so many offsets: markers of the restore come on top. */
export const checkCount = (topic: string, records: number) =>
  Effect.gen(function*() {
    const offsets = yield* Effect.flatMap(Truth, (truth) => truth.offsets([topic]))
    const count = sum(offsets.map(({ earliest, latest }) => latest - earliest))
    if (count < records) {
      const cause = `${topic} has ${count} of ${records} records`
      return yield* new StackError({ step: "restore", cause })
    }
  })

/** The first records through a new broker pay for its internal topics and its compiler. */
const warmUp = ({ partitions, payload, records }: Workload, bench: Bench) =>
  Effect.gen(function*() {
    const truth = yield* Truth
    const topic = "warm-up"
    const plan = yield* planFor(topic, Math.min(50_000, records), payload, bench)
    yield* truth.createTopics([{ topic, partitions }])
    yield* measure(Programs.producerPerformance(plan))
    yield* measure(Programs.consumerPerformance(plan))
    yield* truth.deleteTopics([topic])
  })

/** Restores into a new topic, sees that all is there, and removes it. */
export const measuredRestore = (
  plan: RunPlan,
  choice: Programs.RestoreChoice,
  partitions: number
) =>
  Effect.gen(function*() {
    const truth = yield* Truth
    const topic = `${choice.target}${plan.topic}`
    yield* truth.createTopics([{ topic, partitions }])
    const restore = yield* measured(Programs.topicsRestore(plan, choice))
    yield* checkCount(topic, plan.records)
    yield* truth.deleteTopics([topic])
    return restore
  })

const runRound = (workload: Workload, topic: string, bench: Bench) =>
  Effect.gen(function*() {
    const { partitions, payload, records } = workload
    const truth = yield* Truth
    const plan = yield* planFor(topic, records, payload, bench)
    yield* truth.createTopics([{ topic, partitions }])
    const producer = yield* measured(Programs.producerPerformance(plan))
    const consumer = yield* measured(Programs.consumerPerformance(plan))
    const backup = yield* measured(Programs.topicsBackup(plan))
    const files = yield* archiveFiles(plan.addresses.s3, topic)
    const planning = yield* measured(Programs.topicsPlanRestore(plan))
    const restore = (codec: "lz4" | "zstd") =>
      measuredRestore(plan, { codec, target: `${codec}.` }, partitions)
    const restoreLz4 = yield* restore("lz4")
    const restoreZstd = yield* restore("zstd")
    yield* truth.deleteTopics([topic])
    const round: Round = {
      producer,
      consumer,
      backup,
      plan: planning,
      restoreLz4,
      both: together(planning, restoreLz4),
      restoreZstd,
      archiveBytes: sum(files.map(({ size }) => size)),
      archiveFiles: files.length
    }
    return round
  })

/** Each program in turn, `runs` times over. */
export const runRounds = (workload: Workload, runs: number, bench: Bench) =>
  Effect.zipRight(
    warmUp(workload, bench),
    Effect.forEach(
      Array.from({ length: runs }, (_, at) => `${workload.name}-${at + 1}`),
      (topic) => runRound(workload, topic, bench)
    )
  )
