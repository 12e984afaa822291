/** The benchmark of consumer groups: many positions go into a snapshot, are lost and come back. */
import { Effect } from "effect"
import { makeRandom } from "../../data/Random.ts"
import { StackError } from "../../stack/StackError.ts"
import { Truth } from "../../truth/Truth.ts"
import type { Bar } from "../Bars.ts"
import { show } from "../Bars.ts"
import type { Measurement } from "../Measure.ts"
import { measure, measured } from "../Measure.ts"
import { scaled } from "../Options.ts"
import type { Bench, PartResult } from "../Part.ts"
import { writePayload } from "../Payload.ts"
import * as Programs from "../Programs.ts"
import { planFor } from "../Rounds.ts"

const load = { groups: 1000, positionsPerGroup: 10, partitions: 100, records: 200_000 }

/** Seconds, the start of the program included. */
const bars = { backup: 2, restore: 15 }

const topic = "bench-groups"

/** Bytes: the producer changes the partition with each batch, and all of them are to have some. */
const smallBatches = 16_384

const groupName = (at: number): string => `bench-group-${at}`

/** Each group has positions anywhere in partitions of its own choice. */
const commitAll = Effect.fnUntraced(function*(indices: ReadonlyArray<number>) {
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
const checkGroups = Effect.fnUntraced(function*(indices: ReadonlyArray<number>) {
  const truth = yield* Truth
  for (const at of indices.filter((index) => index % 10 === 0)) {
    const back = yield* truth.groupOffsets(groupName(at))
    if (back.length !== load.positionsPerGroup) {
      const cause = `${groupName(at)} has ${back.length} of ${load.positionsPerGroup} positions`
      return yield* new StackError({ step: "restore the groups", cause })
    }
  }
})

const row = (name: string, { brokerCpuMs, cpuMs, peakMemory, wallMs }: Measurement) => [
  name,
  show(wallMs / 1000, "s"),
  show(cpuMs / 1000, "s"),
  show(peakMemory, "MB"),
  show(brokerCpuMs / 1000, "s")
]

const bar = (name: keyof typeof bars, { wallMs }: Measurement): Bar => ({
  name: `consumer-groups-${name}, wall`,
  value: wallMs / 1000,
  limit: bars[name],
  better: "lower",
  unit: "s"
})

export const groups = (bench: Bench) =>
  Effect.gen(function*() {
    const truth = yield* Truth
    const { partitions, positionsPerGroup } = load
    const indices = Array.from({ length: scaled(bench, load.groups, 10) }, (_, at) => at)
    // Never less: a position is restored only where the partition has data.
    const { records } = load
    const plan = yield* planFor(topic, records, yield* writePayload("orders"), bench)
    const newTopic = truth.createTopics([{ topic, partitions }])
    yield* newTopic
    yield* measure(Programs.producerPerformance(plan, smallBatches))
    yield* commitAll(indices)
    const backup = yield* measured(Programs.groupsBackup(plan))
    yield* measure(Programs.topicsBackup(plan))
    yield* truth.deleteTopics([topic])
    yield* newTopic
    yield* measure(Programs.topicsPlanRestore(plan))
    yield* measure(Programs.topicsRestore(plan, { codec: "lz4", target: "" }))
    const restore = yield* measured(Programs.groupsRestore(plan))
    yield* checkGroups(indices)
    const many = indices.length.toLocaleString("en")
    const result: PartResult = {
      title: `groups: ${many} groups x ${positionsPerGroup} positions, ${partitions} partitions`,
      tables: [[
        ["", "wall", "CPU", "peak memory", "Kafka CPU"],
        row("consumer-groups-backup", backup),
        row("consumer-groups-restore", restore)
      ]],
      bars: [bar("backup", backup), bar("restore", restore)],
      notes: [],
      plots: {},
      data: { groups: indices.length, positionsPerGroup, partitions, records, backup, restore }
    }
    return result
  })
