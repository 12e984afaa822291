/** A verification of the core's archive and of its restore, beside that restore. */
import { Effect } from "effect"
import { Truth } from "../../truth/Truth.ts"
import { show } from "../Bars.ts"
import type { Measurement } from "../Measure.ts"
import { measured } from "../Measure.ts"
import { fewRuns, scaled } from "../Options.ts"
import type { Bench, PartResult } from "../Part.ts"
import { writePayload } from "../Payload.ts"
import * as Programs from "../Programs.ts"
import { checkCount, planFor } from "../Rounds.ts"
import { medianOf, medianRatio } from "../Statistics.ts"

const topic = "verify"
const partitions = 6
const memoryLimit = 300e6

const phases = {
  restore: "topics-restore lz4",
  archive: "archive-verify",
  both: "archive-verify -restored-prefix"
} as const

type Phase = keyof typeof phases

export const verify = (bench: Bench) =>
  Effect.gen(function*() {
    const truth = yield* Truth
    const payload = yield* writePayload("orders")
    const records = scaled(bench, 1_000_000, 1000)
    const plan = yield* planFor(topic, records, payload, bench)
    yield* truth.createTopics([{ topic, partitions }])
    yield* measured(Programs.producerPerformance(plan))
    yield* measured(Programs.topicsBackup(plan))
    yield* measured(Programs.topicsPlanRestore(plan))
    const round = (at: number) =>
      Effect.gen(function*() {
        const target = `back-${at}.`
        yield* truth.createTopics([{ topic: `${target}${topic}`, partitions }])
        const restore = yield* measured(Programs.topicsRestore(plan, { codec: "lz4", target }))
        yield* checkCount(`${target}${topic}`, records)
        const archive = yield* measured(Programs.archiveVerify(plan))
        const both = yield* measured(Programs.archiveVerify(plan, target))
        yield* truth.deleteTopics([`${target}${topic}`])
        return { restore, archive, both }
      })
    const rounds = yield* Effect.forEach(
      Array.from({ length: fewRuns(bench) }, (_, at) => at + 1),
      round
    )
    const ratio = (phase: Phase, figure: "wallMs" | "cpuMs") =>
      medianRatio(rounds, (each) => each[phase][figure], ({ restore }) => restore[figure])
    const row = (phase: Phase) => {
      const of = (figure: keyof Measurement) => medianOf(rounds, (each) => each[phase][figure])
      return [
        phases[phase],
        show(of("wallMs") / 1000, "s"),
        ratio(phase, "wallMs").toFixed(2),
        show(of("cpuMs") / 1000, "s"),
        ratio(phase, "cpuMs").toFixed(2),
        show(of("peakMemory"), "MB")
      ]
    }
    const result: PartResult = {
      title: `verify: ${records.toLocaleString("en")} records; medians of ${rounds.length}`,
      tables: [[
        ["", "wall", "ratio", "CPU", "ratio", "peak memory"],
        row("restore"),
        row("archive"),
        row("both")
      ]],
      bars: [
        {
          name: `${phases.both}, wall / ${phases.restore}`,
          value: ratio("both", "wallMs"),
          limit: 2,
          better: "lower",
          unit: "x"
        },
        {
          name: `${phases.both}, peak memory`,
          value: medianOf(rounds, ({ both }) => both.peakMemory),
          limit: memoryLimit,
          better: "lower",
          unit: "MB"
        }
      ],
      notes: [],
      plots: {},
      data: { records, rounds }
    }
    return result
  })
