/** The core: a million JSON records, beside Kafka's own perf tools. */
import { Effect } from "effect"
import type { Bar } from "../Bars.ts"
import { comparisonResult, figureOf, ratioOf } from "../Comparison.ts"
import { scaled } from "../Options.ts"
import type { Bench } from "../Part.ts"
import { writePayload } from "../Payload.ts"
import type { Phase, Round, Workload } from "../Rounds.ts"
import { runRounds } from "../Rounds.ts"

/** Bytes of resident memory that a command may take, whatever the workload. */
export const memoryLimit = 256e6

export const memoryBars = (rounds: ReadonlyArray<Round>): ReadonlyArray<Bar> =>
  (["backup", "restoreLz4"] as const).map((phase) => ({
    name: `${phase === "backup" ? "backup" : "restore lz4"}, peak memory`,
    value: figureOf(rounds, phase, "peakMemory"),
    limit: memoryLimit,
    better: "lower",
    unit: "MB"
  }))

const bars = (rounds: ReadonlyArray<Round>): ReadonlyArray<Bar> => {
  const ratio = (
    name: string,
    phase: Phase,
    figure: "wallMs" | "cpuMs",
    limits: { readonly limit: number; readonly stretch?: number }
  ): Bar => ({
    name,
    value: ratioOf(rounds, phase, figure),
    better: "lower",
    unit: "x",
    ...limits
  })
  return [
    ratio("backup, wall / ConsumerPerformance", "backup", "wallMs", { limit: 1.3, stretch: 1.15 }),
    ratio("backup, CPU / ConsumerPerformance", "backup", "cpuMs", { limit: 1.7, stretch: 1.4 }),
    ratio("restore lz4, wall / ProducerPerformance", "restoreLz4", "wallMs", { limit: 1 }),
    ratio("restore lz4, CPU / ProducerPerformance", "restoreLz4", "cpuMs", { limit: 1 }),
    ratio("plan + restore lz4, wall / ProducerPerformance", "both", "wallMs", { limit: 1 }),
    ratio("plan + restore lz4, CPU / ProducerPerformance", "both", "cpuMs", { limit: 1 }),
    ...memoryBars(rounds)
  ]
}

export const core = (bench: Bench) =>
  Effect.gen(function*() {
    const workload: Workload = {
      name: "core",
      records: scaled(bench, 1_000_000, 1000),
      partitions: 6,
      payload: yield* writePayload("orders")
    }
    const rounds = yield* runRounds(workload, bench.runs, bench)
    return comparisonResult(rounds, workload, bars(rounds))
  })
