/** The benchmark's numbers for people, and against their bars. */
import { bold, green, red, table } from "../demo/Terminal.ts"
import type { Measurement } from "./Measure.ts"
import type { RunResult } from "./Run.ts"

/** Wall time at most so many times that of Kafka's own tool; memory below so many bytes. */
const bars = { backup: 2, restore: 2, peakMemory: 400e6 }

const middle = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0
}

/** The run in the middle of all, figure by figure. */
export const median = (
  runs: ReadonlyArray<RunResult>,
  phase: keyof RunResult
): Measurement => ({
  wallMs: middle(runs.map((run) => run[phase].wallMs)),
  cpuMs: middle(runs.map((run) => run[phase].cpuMs)),
  peakMemory: middle(runs.map((run) => run[phase].peakMemory)),
  brokerCpuMs: middle(runs.map((run) => run[phase].brokerCpuMs)),
  s3CpuMs: middle(runs.map((run) => run[phase].s3CpuMs))
})

const phases: ReadonlyArray<readonly [keyof RunResult, string]> = [
  ["consumerPerformance", "ConsumerPerformance"],
  ["backup", "topics-backup"],
  ["producerPerformance", "ProducerPerformance lz4"],
  ["planAndRestore", "plan + topics-restore lz4"],
  ["plan", "  topics-plan-restore"],
  ["restore", "  topics-restore"]
]

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`

export interface Ratios {
  readonly backupToConsumer: number
  readonly restoreToProducer: number
  /** Bytes, of our command that took most. */
  readonly peakMemory: number
}

export const ratios = (runs: ReadonlyArray<RunResult>): Ratios => ({
  backupToConsumer: median(runs, "backup").wallMs / median(runs, "consumerPerformance").wallMs,
  restoreToProducer: median(runs, "planAndRestore").wallMs /
    median(runs, "producerPerformance").wallMs,
  peakMemory: Math.max(median(runs, "backup").peakMemory, median(runs, "planAndRestore").peakMemory)
})

export const report = (
  runs: ReadonlyArray<RunResult>,
  records: number,
  recordBytes: number
): string => {
  const rows = phases.map(([phase, name]) => {
    const { brokerCpuMs, cpuMs, peakMemory, s3CpuMs, wallMs } = median(runs, phase)
    const perSecond = records / (wallMs / 1000)
    return [
      name,
      seconds(wallMs),
      phase === "plan" ? "" : Math.round(perSecond).toLocaleString("en"),
      phase === "plan" ? "" : (perSecond * recordBytes / 1024 ** 2).toFixed(1),
      seconds(cpuMs),
      `${(peakMemory / 1e6).toFixed(0)} MB`,
      seconds(brokerCpuMs),
      seconds(s3CpuMs)
    ]
  })
  const head = ["", "wall", "records/s", "MiB/s", "CPU", "peak memory", "Kafka CPU", "S3 CPU"]
  const { backupToConsumer, peakMemory, restoreToProducer } = ratios(runs)
  const verdict = (name: string, value: number, bar: number, show: (value: number) => string) => {
    const text = `${name}: ${show(value)} (bar: ${show(bar)})`
    return value <= bar ? green(`  ok     ${text}`) : red(`  above  ${text}`)
  }
  const times = (value: number): string => `${value.toFixed(2)}x`
  const memory = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`
  return [
    "",
    bold(
      `${records.toLocaleString("en")} records of ${
        recordBytes.toFixed(0)
      } B, ${runs.length} run(s), medians`
    ),
    table([head, ...rows]),
    "",
    verdict("backup / ConsumerPerformance", backupToConsumer, bars.backup, times),
    verdict("plan + restore / ProducerPerformance", restoreToProducer, bars.restore, times),
    verdict("peak memory of our commands", peakMemory, bars.peakMemory, memory)
  ].join("\n")
}
