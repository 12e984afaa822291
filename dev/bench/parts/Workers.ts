/** Backup and restore of the core's records by one worker and by several. */
import { Effect } from "effect"
import { Truth } from "../../truth/Truth.ts"
import { show } from "../Bars.ts"
import type { Program } from "../Launch.ts"
import type { Measurement } from "../Measure.ts"
import { measure, measured } from "../Measure.ts"
import { fewRuns, scaled } from "../Options.ts"
import type { Bench, PartResult } from "../Part.ts"
import { writePayload } from "../Payload.ts"
import * as Programs from "../Programs.ts"
import { planFor } from "../Rounds.ts"
import { medianOf } from "../Statistics.ts"
import { ServersLayer } from "../Workplace.ts"

const topic = "workers"
const partitions = 6
const counts = [1, 2]

/**
 * As brokers have it by default: the group begins when no further member has come for 3 s. With
 * none the first worker would begin alone, and hand over half of what it has opened.
 */
const servers = ServersLayer({ "group.initial.rebalance.delay.ms": "3000" })

interface Timed extends Measurement {
  /** From the moment when the group has begun to the end of the work, milliseconds. */
  readonly workMs: number
}

interface Run {
  readonly backup: Timed
  readonly restore: Timed
}

const timeOf = (line: string | undefined): number =>
  Date.parse(/\btime=(\S+)/.exec(line ?? "")?.[1] ?? "")

const timed = (program: Program) =>
  Effect.gen(function*() {
    const { measurement, output } = yield* measure({
      ...program,
      env: { ...program.env, LOG_LEVEL: "INFO" }
    })
    const lines = output.split("\n").filter((line) => line.startsWith("time="))
    const begun = lines.find((line) => line.includes("msg=\"partitions assigned\""))
    return { ...measurement, workMs: timeOf(lines.at(-1)) - timeOf(begun) } satisfies Timed
  })

export const workers = (bench: Bench) =>
  Effect.gen(function*() {
    const truth = yield* Truth
    const payload = yield* writePayload("orders")
    const records = scaled(bench, 1_000_000, 1000)
    const plan = yield* planFor(topic, records, payload, bench)
    yield* truth.createTopics([{ topic, partitions }])
    yield* measured(Programs.producerPerformance(plan))
    const run = (count: number, round: number) =>
      Effect.gen(function*() {
        const prefix = `${topic}-${count}-${round}`
        const target = `${prefix}.`
        const backup = yield* timed(Programs.topicsBackup(plan, { prefix, workers: count }))
        yield* measured(Programs.topicsPlanRestore(plan, prefix, partitions))
        yield* truth.createTopics([{ topic: `${target}${topic}`, partitions }])
        const choice = { codec: "lz4", target, prefix, workers: count } as const
        const restore = yield* timed(Programs.topicsRestore(plan, choice))
        yield* truth.deleteTopics([`${target}${topic}`])
        return { backup, restore } satisfies Run
      })
    const runs = yield* Effect.forEach(
      Array.from({ length: fewRuns(bench) }, (_, at) => at + 1),
      (round) => Effect.forEach(counts, (count) => run(count, round))
    )
    const row = (what: keyof Run, count: number, at: number) => {
      const of = (figure: keyof Timed) => medianOf(runs, (run) => run[at]?.[what][figure] ?? NaN)
      return [
        what,
        String(count),
        show(of("wallMs") / 1000, "s"),
        show(of("workMs") / 1000, "s"),
        show(of("cpuMs") / 1000, "s"),
        show(of("peakMemory"), "MB")
      ]
    }
    const result: PartResult = {
      title: `workers: ${
        records.toLocaleString("en")
      } records, ${partitions} partitions; medians of ${runs.length}`,
      tables: [[
        ["", "workers", "wall", "since the group began", "CPU", "peak memory"],
        ...(["backup", "restore"] as const).flatMap((what) =>
          counts.map((count, at) => row(what, count, at))
        )
      ]],
      bars: [],
      notes: ["the broker waits 3 s for further members before a new group begins"],
      plots: {},
      data: { records, counts, runs }
    }
    return result
  }).pipe(Effect.provide(servers))
