/** Records of a megabyte, three gigabytes in all: what a byte costs, and that memory is bounded. */
import { Effect } from "effect"
import type { Bar } from "../Bars.ts"
import { comparisonResult, ratioOf } from "../Comparison.ts"
import { fewRuns, scaled } from "../Options.ts"
import type { Bench } from "../Part.ts"
import { writePayload } from "../Payload.ts"
import type { Phase, Workload } from "../Rounds.ts"
import { runRounds } from "../Rounds.ts"
import { memoryBars } from "./Core.ts"

export const large = (bench: Bench) =>
  Effect.gen(function*() {
    const workload: Workload = {
      name: "large",
      records: scaled(bench, 3000, 30),
      partitions: 6,
      payload: yield* writePayload("megabytes")
    }
    const rounds = yield* runRounds(workload, fewRuns(bench), bench)
    const throughput = (name: string, phase: Phase): Bar => ({
      name,
      value: 1 / ratioOf(rounds, phase, "wallMs"),
      limit: 0.9,
      better: "higher",
      unit: "x"
    })
    return comparisonResult(rounds, workload, [
      throughput("backup, throughput / ConsumerPerformance", "backup"),
      throughput("restore lz4, throughput / ProducerPerformance", "restoreLz4"),
      ...memoryBars(rounds)
    ])
  })
