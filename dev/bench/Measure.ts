/** Runs a program to its end and measures it, and the servers that work for it meanwhile. */
import { Effect } from "effect"
import fs from "node:fs"
import path from "node:path"
import { pathToFileURL } from "node:url"
import { Stack } from "../stack/Stack.ts"
import { StackError } from "../stack/StackError.ts"
import type { Program, Usage } from "./Launch.ts"
import { launch } from "./Launch.ts"
import { cpuMs } from "./ProcessStats.ts"
import { sum } from "./Statistics.ts"
import { progress, Workplace } from "./Workplace.ts"

export interface Measurement extends Usage {
  /** From start to exit, the runtime's own start included. */
  readonly wallMs: number
  /** Spent in garbage collections, all threads together; 0 for programs that are not ours. */
  readonly gcMs: number
  /** Processor time of Kafka in the same time. */
  readonly brokerCpuMs: number
  /** Processor time of the S3 server in the same time. */
  readonly s3CpuMs: number
}

const patience = "20 minutes"

const probe = pathToFileURL(path.join(import.meta.dirname, "GcProbe.mjs")).href

/** Flags of Node that report garbage collections to the file in BENCH_GC_FILE. */
export const probeFlags: ReadonlyArray<string> = ["--import", probe]

const gcMsIn = (file: string): number =>
  fs.existsSync(file) ? sum(fs.readFileSync(file, "utf8").trim().split("\n").map(Number)) : 0

/** Processor time so far of Kafka and of the S3 server, milliseconds. */
export const serverCpu = Effect.gen(function*() {
  const stack = yield* Stack
  const brokers = yield* Effect.forEach(stack.nodes, (node) => node.pid)
  const s3 = yield* stack.s3Pid
  return { broker: sum(brokers.map((pid) => cpuMs(pid ?? 0) ?? 0)), s3: cpuMs(s3 ?? 0) ?? 0 }
})

/** The program's output, and what it took. */
export const measure = (program: Program) =>
  Effect.gen(function*() {
    const { directory } = yield* Workplace
    const gcFile = path.join(directory, "gc")
    yield* Effect.sync(() => fs.rmSync(gcFile, { force: true }))
    const before = yield* serverCpu
    const launched = yield* launch({ ...program, env: { ...program.env, BENCH_GC_FILE: gcFile } })
    const wallMs = yield* launched.done
    const after = yield* serverCpu
    const measurement: Measurement = {
      wallMs,
      ...launched.usage(),
      gcMs: gcMsIn(gcFile),
      brokerCpuMs: after.broker - before.broker,
      s3CpuMs: after.s3 - before.s3
    }
    return { output: launched.output(), measurement }
  }).pipe(
    Effect.scoped,
    Effect.timeoutFail({
      duration: patience,
      onTimeout: () => new StackError({ step: program.name, cause: `not done after ${patience}` })
    })
  )

/** Measures it and says how long it took. */
export const measured = (program: Program) =>
  Effect.gen(function*() {
    const { measurement } = yield* measure(program)
    yield* progress(`${program.name} ${(measurement.wallMs / 1000).toFixed(2)} s`)
    return measurement
  })

/** One after the other, seen as one. */
export const together = (first: Measurement, second: Measurement): Measurement => ({
  wallMs: first.wallMs + second.wallMs,
  cpuMs: first.cpuMs + second.cpuMs,
  peakMemory: Math.max(first.peakMemory, second.peakMemory),
  readBytes: first.readBytes + second.readBytes,
  writtenBytes: first.writtenBytes + second.writtenBytes,
  gcMs: first.gcMs + second.gcMs,
  brokerCpuMs: first.brokerCpuMs + second.brokerCpuMs,
  s3CpuMs: first.s3CpuMs + second.s3CpuMs
})
