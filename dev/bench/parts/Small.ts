/** Ten million records of 100 bytes: what a record costs, whatever it holds. */
import { Effect } from "effect"
import type { Bar } from "../Bars.ts"
import { comparisonResult, rateOf } from "../Comparison.ts"
import { fewRuns, scaled } from "../Options.ts"
import type { Bench } from "../Part.ts"
import { writePayload } from "../Payload.ts"
import type { Workload } from "../Rounds.ts"
import { runRounds } from "../Rounds.ts"

/** Records per second that are enough, however fast Kafka's own tool is. */
const enough = { backup: 600_000, restore: 400_000 }

export const small = (bench: Bench) =>
  Effect.gen(function*() {
    const workload: Workload = {
      name: "small",
      records: scaled(bench, 10_000_000, 1000),
      partitions: 6,
      payload: yield* writePayload("clicks")
    }
    const rounds = yield* runRounds(workload, fewRuns(bench), bench)
    const bar = (
      name: string,
      phase: "backup" | "restoreLz4",
      reference: "consumer" | "producer",
      most: number
    ): Bar => ({
      name,
      value: rateOf(rounds, phase, workload),
      limit: Math.min(most, rateOf(rounds, reference, workload)),
      better: "higher",
      unit: "/s"
    })
    return comparisonResult(rounds, workload, [
      bar("backup, records", "backup", "consumer", enough.backup),
      bar("restore lz4, records", "restoreLz4", "producer", enough.restore)
    ])
  })
