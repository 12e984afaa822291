/** Keeps the numbers of a benchmark with the machine that they come from. */
import { Effect } from "effect"
import fs from "node:fs/promises"
import os from "node:os"
import path from "node:path"
import { kafkaVersion } from "../stack/KafkaLibs.ts"
import { StackError } from "../stack/StackError.ts"
import { jdk, runTool } from "../stack/Tool.ts"
import type { Bar } from "./Bars.ts"
import { isMet } from "./Bars.ts"
import type { BenchOptions, PartName } from "./Options.ts"
import type { PartResult } from "./Part.ts"

export type Outcome =
  | { readonly name: PartName; readonly result: PartResult }
  | { readonly name: PartName; readonly failure: string }

const git = (...args: ReadonlyArray<string>) =>
  runTool("ask git", "git", args).pipe(
    Effect.map((text) => text.trim()),
    Effect.orElseSucceed(() => "unknown")
  )

/** What the numbers depend on besides the program. */
export const describeMachine = Effect.gen(function*() {
  const java = yield* runTool("ask Java for its version", jdk("java"), ["--version"])
  const commit = yield* git("rev-parse", "--short", "HEAD")
  const changes = yield* git("status", "--porcelain")
  return {
    cpu: os.cpus()[0]?.model ?? "unknown",
    cores: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version,
    java: java.split("\n")[0] ?? "",
    kafka: kafkaVersion(),
    commit: changes === "" ? commit : `${commit} with changes`,
    /** Processes that wanted a core in the minute before. */
    load: os.loadavg()[0] ?? NaN
  }
})

export type Machine = Effect.Effect.Success<typeof describeMachine>

export interface Report {
  /** ISO 8601. */
  readonly time: string
  readonly machine: Machine
  readonly options: BenchOptions
}

const results = path.join("bench", "results")

/** What all files of one run begin with. */
const stem = ({ time }: Report): string =>
  path.join(results, time.replaceAll(":", "-").slice(0, 19))

export const profilesDirectory = (report: Report): string => `${stem(report)}-profiles`

/** Plots of whole workloads lie with the documents; those of a trial with its results. */
const plotsDirectory = (report: Report): string =>
  report.options.scale === 1 && !report.options.profile
    ? path.join("docs", "bench")
    : `${stem(report)}-plots`

const barData = (bar: Bar) => ({ ...bar, met: isMet(bar) })

const partData = (outcome: Outcome) => {
  if ("failure" in outcome) return { failure: outcome.failure }
  const { bars, data, notes, title } = outcome.result
  return { title, bars: bars.map(barData), notes, data }
}

/** Writes all outcomes so far, and the plots of the last one; returns the path of the results. */
export const saveResults = (report: Report, outcomes: ReadonlyArray<Outcome>) =>
  Effect.tryPromise({
    try: async () => {
      const file = `${stem(report)}.json`
      const parts = Object.fromEntries(
        outcomes.map((outcome) => [outcome.name, partData(outcome)])
      )
      await fs.mkdir(results, { recursive: true })
      await fs.writeFile(file, `${JSON.stringify({ ...report, parts }, undefined, 2)}\n`)
      const last = outcomes.at(-1)
      const plots = last !== undefined && "result" in last ? last.result.plots : {}
      const directory = plotsDirectory(report)
      for (const [name, svg] of Object.entries(plots)) {
        await fs.mkdir(directory, { recursive: true })
        await fs.writeFile(path.join(directory, `${name}.svg`), svg)
      }
      return file
    },
    catch: (cause) => new StackError({ step: "save the results", cause })
  })
