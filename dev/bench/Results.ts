/** Keeps the numbers of a benchmark with the machine that they come from. */
import { Effect } from "effect"
import fs from "node:fs/promises"
import os from "node:os"
import path from "node:path"
import { StackError } from "../stack/StackError.ts"
import { jdk, runTool } from "../stack/Tool.ts"
import type { GroupsResult } from "./Groups.ts"
import type { BenchOptions } from "./Options.ts"
import { ratios } from "./Report.ts"
import type { RunResult } from "./Run.ts"

const machine = (kafkaVersion: string) =>
  Effect.map(runTool("ask Java for its version", jdk("java"), ["--version"]), (java) => ({
    cpu: os.cpus()[0]?.model ?? "unknown",
    cores: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version,
    java: java.split("\n")[0] ?? "",
    kafka: kafkaVersion
  }))

/** Writes `bench/results/<time>.json` and returns its path. */
export const saveResults = (
  options: BenchOptions,
  recordBytes: number,
  kafkaVersion: string,
  runs: ReadonlyArray<RunResult>,
  groups: GroupsResult
) =>
  Effect.gen(function*() {
    const time = new Date().toISOString()
    const file = path.join("bench", "results", `${time.replaceAll(":", "-").slice(0, 19)}.json`)
    const result = {
      time,
      machine: yield* machine(kafkaVersion),
      options,
      recordBytes: Math.round(recordBytes),
      ratios: ratios(runs),
      runs,
      groups
    }
    yield* Effect.tryPromise({
      try: async () => {
        await fs.mkdir(path.dirname(file), { recursive: true })
        await fs.writeFile(file, `${JSON.stringify(result, undefined, 2)}\n`)
      },
      catch: (cause) => new StackError({ step: "save the results", cause })
    })
    return file
  })
