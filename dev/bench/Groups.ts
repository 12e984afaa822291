/** The benchmark of consumer groups: many positions go into a snapshot, are lost and come back. */
import { Effect } from "effect"
import { makeRandom } from "../data/Random.ts"
import { bold, green, red, table } from "../demo/Terminal.ts"
import { StackError } from "../stack/StackError.ts"
import { Truth } from "../truth/Truth.ts"
import type { Measurement } from "./Measure.ts"
import { measure, measured } from "./Measure.ts"
import type { Payload } from "./Payload.ts"
import * as Programs from "./Programs.ts"
import { planFor } from "./Run.ts"

const load = { groups: 1000, positionsPerGroup: 10, partitions: 100, records: 200_000 }

/** Seconds, the start of the program included. */
const bars = { backup: 2, restore: 15 }

export interface GroupsResult {
  readonly load: typeof load
  readonly backup: Measurement
  readonly restore: Measurement
}

const topic = "bench-groups"

/** Bytes: the producer changes the partition with each batch, and all of them are to have some. */
const smallBatches = 16_384

const groupName = (at: number): string => `bench-group-${at}`
const indices = Array.from({ length: load.groups }, (_, at) => at)

/** Each group has positions anywhere in partitions of its own choice. */
const commitAll = Effect.gen(function*() {
  const truth = yield* Truth
  const ends = (yield* truth.offsets([topic])).map(({ latest }) => latest)
  const random = makeRandom(1000)
  yield* Effect.forEach(indices, (at) => {
    const first = random.integer(load.partitions)
    const offsets = Array.from({ length: load.positionsPerGroup }, (_, next) => {
      const partition = (first + next * 7) % load.partitions
      return { topic, partition, offset: random.integer((ends[partition] ?? 0) + 1), metadata: "m" }
    })
    return truth.commitGroup(groupName(at), offsets)
  }, { concurrency: 8, discard: true })
})

/** Fails unless every tenth group has all of its positions again. */
const checkGroups = Effect.gen(function*() {
  const truth = yield* Truth
  for (const at of indices.filter((index) => index % 10 === 0)) {
    const back = yield* truth.groupOffsets(groupName(at))
    if (back.length !== load.positionsPerGroup) {
      const cause = `${groupName(at)} has ${back.length} of ${load.positionsPerGroup} positions`
      return yield* new StackError({ step: "restore the groups", cause })
    }
  }
})

export const runGroups = (payload: Payload, directory: string) =>
  Effect.gen(function*() {
    const truth = yield* Truth
    const plan = yield* planFor(topic, load.records, payload, directory)
    const newTopic = truth.createTopics([{ topic, partitions: load.partitions }])
    yield* newTopic
    yield* measure(Programs.producerPerformance(plan, smallBatches))
    yield* commitAll
    const backup = yield* measured(Programs.groupsBackup(plan))
    yield* measure(Programs.topicsBackup(plan))
    yield* truth.deleteTopics([topic])
    yield* newTopic
    yield* measure(Programs.topicsPlanRestore(plan))
    yield* measure(Programs.topicsRestore(plan))
    const restore = yield* measured(Programs.groupsRestore(plan))
    yield* checkGroups
    const result: GroupsResult = { load, backup, restore }
    return result
  })

const row = (
  name: string,
  { brokerCpuMs, cpuMs, peakMemory, wallMs }: Measurement,
  bar: number
) => {
  const seconds = `${(wallMs / 1000).toFixed(2)} s`
  const colour = wallMs <= bar * 1000 ? green : red
  return [
    name,
    seconds,
    `${(cpuMs / 1000).toFixed(2)} s`,
    `${(peakMemory / 1e6).toFixed(0)} MB`,
    `${(brokerCpuMs / 1000).toFixed(2)} s`,
    colour(`bar: ${bar} s`)
  ]
}

export const groupsReport = ({ backup, load, restore }: GroupsResult): string => {
  const { groups, partitions, positionsPerGroup } = load
  return [
    "",
    bold(
      `${
        groups.toLocaleString("en")
      } groups x ${positionsPerGroup} positions, ${partitions} partitions`
    ),
    table([
      ["", "wall", "CPU", "peak memory", "Kafka CPU", ""],
      row("consumer-groups-backup", backup, bars.backup),
      row("consumer-groups-restore", restore, bars.restore)
    ])
  ].join("\n")
}
