/** What partitions cost: the same records over 6, 30, 300 and 3,000 of them on one broker. */
import { Effect } from "effect"
import type { Bar } from "../Bars.ts"
import { show } from "../Bars.ts"
import { lineChart } from "../Charts.ts"
import type { Measurement } from "../Measure.ts"
import { scaled } from "../Options.ts"
import type { Bench, PartResult } from "../Part.ts"
import { writePayload } from "../Payload.ts"
import { medianOf } from "../Statistics.ts"
import { ServersLayer } from "../Workplace.ts"
import type { PartitionsRun } from "./PartitionsRun.ts"
import { runPartitions } from "./PartitionsRun.ts"

const few = 6
const counts = [few, 30, 300, 3000]

/** Bytes of the catch-up, whatever the number of partitions. */
const catchUpBytes = 3e9

/** A server that is not made for quick tests looks at its logs less often. */
const servers = ServersLayer({ "log.retention.check.interval.ms": "300000" })

const archived = (run: PartitionsRun | undefined, figure: keyof Measurement): number =>
  medianOf(run?.catchUps ?? [], (each) => each[figure])

const caughtUp = (run: PartitionsRun | undefined): number =>
  medianOf(run?.caughtUp ?? [], (seconds) => seconds)

/** Bytes a second of the records, uncompressed, till they are all fetched, or archived. */
const fetchRate = (run: PartitionsRun): number => run.bytes / caughtUp(run)
const archiveRate = (run: PartitionsRun): number => run.bytes * 1000 / archived(run, "wallMs")

const row = (run: PartitionsRun) => {
  const { idle, partitions, steady } = run
  const resting = idle === undefined || steady === undefined ? ["", "", "", "", "", "", ""] : [
    show(idle.openedSeconds, "s"),
    show(idle.core, "%"),
    show(idle.memory, "MB"),
    show(steady.core, "%"),
    show(steady.memory, "MB"),
    show(steady.behindSeconds, "s"),
    `${(steady.core / partitions * 1e6).toFixed(0)} us/s`
  ]
  return [
    partitions.toLocaleString("en"),
    show(caughtUp(run), "s"),
    (fetchRate(run) / 1e6).toFixed(0),
    show(archived(run, "wallMs") / 1000, "s"),
    (archiveRate(run) / 1e6).toFixed(0),
    show(archived(run, "cpuMs") / 1000, "s"),
    show(archived(run, "peakMemory"), "MB"),
    ...resting
  ]
}

const bars = (runs: ReadonlyArray<PartitionsRun>): ReadonlyArray<Bar> => {
  const [first, last, before] = [runs[0], runs.at(-1), runs.at(-2)]
  const share = (run: PartitionsRun | undefined): number =>
    run?.steady === undefined ? NaN : run.steady.core / run.partitions
  const bar = (
    name: string,
    value: number,
    limit: number,
    unit: Bar["unit"],
    better: Bar["better"] = "lower"
  ): Bar => ({ name, value, limit, better, unit })
  const many = `${last?.partitions.toLocaleString("en")} partitions`
  return [
    bar(`${many}, idle, of one core`, last?.idle?.core ?? NaN, 0.05, "%"),
    bar(`${many}, idle, memory`, last?.idle?.memory ?? NaN, 300e6, "MB"),
    bar(`${many}, a record/s each, of one core`, last?.steady?.core ?? NaN, 0.4, "%"),
    bar(`${many}, a record/s each, behind`, last?.steady?.behindSeconds ?? NaN, 5, "s"),
    bar(
      `${many}, catch-up throughput / that of ${few}`,
      caughtUp(first) / caughtUp(last),
      0.5,
      "x",
      "higher"
    ),
    bar(
      `${many}, the same with --once, till all is archived`,
      archived(first, "wallMs") / archived(last, "wallMs"),
      0.5,
      "x",
      "higher"
    ),
    bar(
      `CPU for each partition, ${many} / ${before?.partitions}`,
      share(last) / share(before),
      1.2,
      "x"
    )
  ]
}

const plots = (runs: ReadonlyArray<PartitionsRun>) => {
  const points = (figure: (run: PartitionsRun) => number | undefined) =>
    runs.flatMap((run) => {
      const value = figure(run)
      return value === undefined ? [] : [[run.partitions, value] as const]
    })
  const chart = { x: "partitions", logarithmic: true }
  return {
    "partitions-cost": lineChart({
      ...chart,
      title: "CPU of topics-backup for each partition",
      y: "microseconds of CPU for each second and partition",
      series: [
        { name: "a record/s each", points: points(perPartition("steady")) },
        { name: "idle", points: points(perPartition("idle")) }
      ]
    }),
    "partitions-catch-up": lineChart({
      ...chart,
      title: "Catch-up of the same records over more partitions",
      y: "MB/s",
      series: [
        { name: "till all is fetched", points: points((run) => fetchRate(run) / 1e6) },
        { name: "--once, till all is archived", points: points((run) => archiveRate(run) / 1e6) }
      ]
    }),
    "partitions-memory": lineChart({
      ...chart,
      title: "Memory of topics-backup",
      y: "MB",
      series: [
        { name: "catch-up, peak", points: points((run) => archived(run, "peakMemory") / 1e6) },
        { name: "a record/s each", points: points(({ steady }) => steady && steady.memory / 1e6) },
        { name: "idle", points: points(({ idle }) => idle && idle.memory / 1e6) }
      ]
    })
  }
}

const perPartition = (phase: "idle" | "steady") => (run: PartitionsRun) => {
  const found = run[phase]
  return found && found.core / run.partitions * 1e6
}

/** Every topic has ten. */
const wholeTopics = (count: number): number => Math.ceil(count / 10) * 10

export const partitions = (bench: Bench) =>
  Effect.gen(function*() {
    const wanted = new Set(
      counts.map((count) => count === few ? few : wholeTopics(scaled(bench, count)))
    )
    const runs = yield* Effect.forEach([...wanted], (count) =>
      Effect.gen(function*() {
        const payload = yield* writePayload("orders")
        const records = Math.round(scaled(bench, catchUpBytes, 1e6) / payload.recordBytes)
        return yield* runPartitions({
          partitions: count,
          records,
          payload,
          resting: count !== few,
          seconds: scaled(bench, 60, 10)
        }, bench)
      }).pipe(Effect.provide(servers)))
    const result: PartResult = {
      title: `partitions: ${
        show(runs[0]?.bytes ?? NaN, "MB")
      } over them, then idle, then a record/s`,
      tables: [[
        [
          "partitions",
          "caught up",
          "MB/s",
          "--once",
          "MB/s",
          "CPU",
          "peak memory",
          "open",
          "idle",
          "memory",
          "1 record/s",
          "memory",
          "behind",
          "CPU each"
        ],
        ...runs.map(row)
      ]],
      bars: bars(runs),
      notes: [
        "caught up: from the start till a running backup has fetched all; --once: till all is archived; open: from the start till all partitions are; idle, 1 record/s: share of one core; behind: how long fetching goes on when the load has ended"
      ],
      plots: plots(runs),
      data: { runs }
    }
    return result
  })
