/** What it takes to list an archive of very many files. */
import { Clock, Effect } from "effect"
import { StackAddresses } from "../../stack/Stack.ts"
import { StackError } from "../../stack/StackError.ts"
import { show } from "../Bars.ts"
import type { Program } from "../Launch.ts"
import type { Measurement } from "../Measure.ts"
import { measure } from "../Measure.ts"
import { fewRuns, scaled } from "../Options.ts"
import type { Bench, PartResult } from "../Part.ts"
import * as Programs from "../Programs.ts"
import { planFor } from "../Rounds.ts"
import type { SmallFiles } from "../SmallFiles.ts"
import { putSmallFiles } from "../SmallFiles.ts"
import { medianOf } from "../Statistics.ts"
import { progress } from "../Workplace.ts"

/** Bytes of resident memory, however many files there are. */
const memoryLimit = 256e6

/** Lists it, and sees that every file was counted. */
const listing = (program: Program, files: number) =>
  Effect.gen(function*() {
    const { measurement, output } = yield* measure(program)
    if (!output.includes(`, ${files} files, `)) {
      return yield* new StackError({ step: program.name, cause: output.slice(-2000) })
    }
    yield* progress(`${program.name} ${(measurement.wallMs / 1000).toFixed(2)} s`)
    return measurement
  })

export const archive = (bench: Bench) =>
  Effect.gen(function*() {
    const { s3 } = yield* StackAddresses
    const all: SmallFiles = {
      prefix: "many",
      topics: scaled(bench, 50),
      partitions: 20,
      files: 100
    }
    const files = all.topics * all.partitions * all.files
    const beganMs = yield* Clock.currentTimeMillis
    yield* putSmallFiles(s3, all)
    const putMs = (yield* Clock.currentTimeMillis) - beganMs
    yield* progress(`${files} files put in ${(putMs / 1000).toFixed(0)} s`)
    const plan = yield* planFor(all.prefix, 0, { file: "", recordBytes: 0 }, bench)
    const rounds = yield* Effect.forEach(
      Array.from({ length: fewRuns(bench) }),
      () => listing(Programs.archiveList(plan), files)
    )
    const deep = yield* listing(Programs.archiveList(plan, ["--deep"]), files)
    const row = (name: string, runs: ReadonlyArray<Measurement>) => {
      const of = (figure: keyof Measurement) => medianOf(runs, (run) => run[figure])
      return [
        name,
        show(of("wallMs") / 1000, "s"),
        show(files / of("wallMs") * 1000, "/s"),
        show(of("cpuMs") / 1000, "s"),
        show(of("peakMemory"), "MB"),
        show(of("s3CpuMs") / 1000, "s")
      ]
    }
    const result: PartResult = {
      title: `archive: ${files.toLocaleString("en")} files of ${all.topics} topics with ` +
        `${all.partitions} partitions; medians of ${rounds.length}, -deep once`,
      tables: [[
        ["", "wall", "objects", "CPU", "peak memory", "S3 CPU"],
        row("archive-list", rounds),
        row("archive-list -deep", [deep])
      ]],
      bars: [
        {
          name: "archive-list, peak memory",
          value: medianOf(rounds, ({ peakMemory }) => peakMemory),
          limit: memoryLimit,
          better: "lower",
          unit: "MB"
        },
        {
          name: "archive-list -deep, peak memory",
          value: deep.peakMemory,
          limit: memoryLimit,
          better: "lower",
          unit: "MB"
        }
      ],
      notes: [`put in ${(putMs / 1000).toFixed(0)} s`],
      plots: {},
      data: { all, putMs, rounds, deep }
    }
    return result
  })
