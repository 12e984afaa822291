/** How long it takes to start: the bare program, and a backup up to its first record. */
import { Effect } from "effect"
import { freePort } from "../../stack/Ports.ts"
import { StackError } from "../../stack/StackError.ts"
import { Truth } from "../../truth/Truth.ts"
import { show } from "../Bars.ts"
import { launch, stop } from "../Launch.ts"
import { measure } from "../Measure.ts"
import { runMetrics } from "../Metrics.ts"
import type { Bench, PartResult } from "../Part.ts"
import { writePayload } from "../Payload.ts"
import * as Programs from "../Programs.ts"
import { planFor } from "../Rounds.ts"
import { median } from "../Statistics.ts"

const topic = "start"

/** Starts are short and noisy: more of them than rounds of the core. */
const starts = 15

/** Milliseconds between two looks for the first record. */
const lookMs = 20

const wallOf = (name: string, args: ReadonlyArray<string>) =>
  launch({ name, command: process.execPath, args }).pipe(
    Effect.flatMap(({ done }) => done),
    Effect.scoped
  )

/** Milliseconds from the start of a backup in a new group until it has fetched something. */
const firstRecord = (plan: Programs.RunPlan, round: number) =>
  Effect.gen(function*() {
    const metricsPort = yield* freePort
    const started = performance.now()
    const prefix = `${topic}-${round}`
    const launched = yield* launch(
      Programs.topicsBackup(plan, { prefix, endless: true, metricsPort })
    )
    yield* Effect.iterate(0, {
      while: (fetched) => fetched === 0,
      body: () =>
        runMetrics(metricsPort).pipe(
          Effect.map((metrics) => metrics("fetched_bytes_total")),
          Effect.delay(lookMs)
        )
    }).pipe(
      Effect.raceFirst(launched.done),
      Effect.timeoutFail({
        duration: "1 minute",
        onTimeout: () => new StackError({ step: "start", cause: "nothing fetched in a minute" })
      })
    )
    const ms = performance.now() - started
    yield* stop(launched)
    return ms
  }).pipe(Effect.scoped)

export const start = (bench: Bench) =>
  Effect.gen(function*() {
    const truth = yield* Truth
    const times = Array.from({ length: bench.runs === 1 ? 3 : starts }, (_, at) => at)
    const bare = yield* Effect.forEach(times, () =>
      Effect.all({
        node: wallOf("node -e 0", ["-e", "0"]),
        version: wallOf("--version", [Programs.bundle, "--version"])
      }))
    const plan = yield* planFor(topic, 1000, yield* writePayload("orders"), bench)
    yield* truth.createTopics([{ topic, partitions: 6 }])
    yield* measure(Programs.producerPerformance(plan))
    const rounds = Array.from({ length: bench.runs }, (_, at) => at + 1)
    const first = yield* Effect.forEach(rounds, (round) => firstRecord(plan, round))
    const node = median(bare.map((each) => each.node))
    const version = median(bare.map((each) => each.version))
    const fetched = median(first) / 1000
    const result: PartResult = {
      title: `start: medians of ${times.length} starts, ${first.length} of the backup`,
      tables: [[
        ["", "wall"],
        ["node -e 0", `${node.toFixed(0)} ms`],
        ["kafka-data-keep --version", `${version.toFixed(0)} ms`],
        ["topics-backup, first record", show(fetched, "s")]
      ]],
      bars: [
        {
          name: "--version / node -e 0",
          value: median(bare.map((each) => each.version / each.node)),
          limit: 2.5,
          better: "lower",
          unit: "x"
        },
        { name: "first record fetched", value: fetched, limit: 2, better: "lower", unit: "s" }
      ],
      notes: ["first record: in a new group without other members; the broker knows no group yet"],
      plots: {},
      data: { bare, first }
    }
    return result
  })
