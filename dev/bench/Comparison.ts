/** The rounds of a comparison as a table: medians, and ratios to the perf tool of the same round. */
import type { Bar } from "./Bars.ts"
import { show } from "./Bars.ts"
import { barChart } from "./Charts.ts"
import type { Measurement } from "./Measure.ts"
import type { PartResult } from "./Part.ts"
import type { Phase, Round, Workload } from "./Rounds.ts"
import { phases } from "./Rounds.ts"
import { medianOf, medianRatio } from "./Statistics.ts"

export type Figure = keyof Measurement

const names: Readonly<Record<Phase, string>> = {
  consumer: "ConsumerPerformance",
  backup: "topics-backup",
  producer: "ProducerPerformance lz4",
  plan: "topics-plan-restore",
  restoreLz4: "topics-restore lz4",
  both: "  with the plan",
  restoreZstd: "topics-restore zstd"
}

/** The perf tool that does the same without storage; undefined for what has none. */
const references: Readonly<Record<Phase, Phase | undefined>> = {
  consumer: undefined,
  backup: "consumer",
  producer: undefined,
  plan: undefined,
  restoreLz4: "producer",
  both: "producer",
  restoreZstd: "producer"
}

export const figureOf = (rounds: ReadonlyArray<Round>, phase: Phase, figure: Figure): number =>
  medianOf(rounds, (round) => round[phase][figure])

/** To the perf tool of the same round; NaN for a phase without one. */
export const ratioOf = (rounds: ReadonlyArray<Round>, phase: Phase, figure: Figure): number => {
  const reference = references[phase]
  return reference === undefined
    ? NaN
    : medianRatio(rounds, (round) => round[phase][figure], (round) => round[reference][figure])
}

/** Records per second. */
export const rateOf = (
  rounds: ReadonlyArray<Round>,
  phase: Phase,
  { records }: Workload
): number => records / (figureOf(rounds, phase, "wallMs") / 1000)

const head = [
  "",
  "wall",
  "ratio",
  "CPU",
  "ratio",
  "records/s",
  "MB/s",
  "peak memory",
  "read",
  "written",
  "GC",
  "Kafka CPU",
  "S3 CPU"
]

const row = (rounds: ReadonlyArray<Round>, phase: Phase, workload: Workload) => {
  const of = (figure: Figure): number => figureOf(rounds, phase, figure)
  const ratio = (figure: Figure): string =>
    references[phase] === undefined ? "" : ratioOf(rounds, phase, figure).toFixed(2)
  const rate = rateOf(rounds, phase, workload)
  const perSecond = phase === "plan"
    ? ["", ""]
    : [
      Math.round(rate).toLocaleString("en"),
      (rate * workload.payload.recordBytes / 1e6).toFixed(0)
    ]
  const gc = medianOf(rounds, (round) => round[phase].gcMs / round[phase].wallMs)
  return [
    names[phase],
    show(of("wallMs") / 1000, "s"),
    ratio("wallMs"),
    show(of("cpuMs") / 1000, "s"),
    ratio("cpuMs"),
    ...perSecond,
    show(of("peakMemory"), "MB"),
    show(of("readBytes"), "MB"),
    show(of("writtenBytes"), "MB"),
    gc === 0 ? "" : show(gc, "%"),
    show(of("brokerCpuMs") / 1000, "s"),
    show(of("s3CpuMs") / 1000, "s")
  ]
}

const comparisonTable = (rounds: ReadonlyArray<Round>, workload: Workload) => [
  head,
  ...phases.map((phase) => row(rounds, phase, workload))
]

const comparisonTitle = (
  { name, partitions, payload, records }: Workload,
  rounds: ReadonlyArray<Round>
): string =>
  `${name}: ${records.toLocaleString("en")} records of ${
    payload.recordBytes.toFixed(0)
  } B, ${partitions} partitions; medians of ${rounds.length}`

const archiveNote = (rounds: ReadonlyArray<Round>): string => {
  const bytes = medianOf(rounds, (round) => round.archiveBytes)
  const files = medianOf(rounds, (round) => round.archiveFiles)
  return `archive: ${(bytes / 1e6).toFixed(1)} MB in ${files} files`
}

const comparisonChart = (rounds: ReadonlyArray<Round>, workload: Workload): string =>
  barChart({
    title: comparisonTitle(workload, rounds),
    y: "seconds, less is better",
    names: ["wall", "CPU of its own"],
    groups: phases.filter((phase) => phase !== "plan" && phase !== "both").map((phase) => ({
      label: names[phase],
      values: [
        figureOf(rounds, phase, "wallMs") / 1000,
        figureOf(rounds, phase, "cpuMs") / 1000
      ]
    }))
  })

/** All that is to be told of a comparison. */
export const comparisonResult = (
  rounds: ReadonlyArray<Round>,
  workload: Workload,
  bars: ReadonlyArray<Bar>
): PartResult => ({
  title: comparisonTitle(workload, rounds),
  tables: [comparisonTable(rounds, workload)],
  bars,
  notes: [archiveNote(rounds)],
  plots: { [workload.name]: comparisonChart(rounds, workload) },
  data: { workload, rounds }
})
