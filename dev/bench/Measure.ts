/** Runs a program and measures it, and the servers that work for it meanwhile. */
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { Stack } from "../stack/Stack.ts"
import { StackError } from "../stack/StackError.ts"
import { cpuMs, peakMemory } from "./ProcessStats.ts"

export interface Measurement {
  /** From start to exit, the runtime's own start included. */
  readonly wallMs: number
  /** User and system time. */
  readonly cpuMs: number
  /** Highest resident memory, bytes. */
  readonly peakMemory: number
  /** Processor time of Kafka in the same time. */
  readonly brokerCpuMs: number
  /** Processor time of the S3 server in the same time. */
  readonly s3CpuMs: number
}

export interface Program {
  readonly name: string
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
}

/** What was used between two looks at /proc is lost at the end: at most this many milliseconds. */
const pollMs = 20

const patience = "10 minutes"

interface Finished {
  readonly output: string
  readonly wallMs: number
  readonly cpuMs: number
  readonly peakMemory: number
}

const runOne = ({ args, command, env, name }: Program): Effect.Effect<Finished, StackError> =>
  Effect.async<Finished, StackError>((resume) => {
    const started = performance.now()
    const child = spawn(command, [...args], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true
    })
    let output = ""
    const used = { cpuMs: 0, peakMemory: 0 }
    const look = (): void => {
      const pid = child.pid ?? 0
      used.cpuMs = cpuMs(pid) ?? used.cpuMs
      used.peakMemory = peakMemory(pid) ?? used.peakMemory
    }
    const timer = setInterval(look, pollMs)
    const collect = (chunk: Buffer): void => {
      output += chunk.toString()
    }
    child.stdout.on("data", collect)
    child.stderr.on("data", collect)
    const failed = (cause: unknown): void => {
      clearInterval(timer)
      resume(Effect.fail(new StackError({ step: name, cause })))
    }
    child.once("error", failed)
    child.once("close", (code, signal) => {
      clearInterval(timer)
      const wallMs = performance.now() - started
      if (code === 0) resume(Effect.succeed({ output, wallMs, ...used }))
      else failed(`ended with ${code ?? signal}\n${output.slice(-4000)}`)
    })
    return Effect.sync(() => child.kill("SIGKILL"))
  }).pipe(Effect.timeoutFail({
    duration: patience,
    onTimeout: () => new StackError({ step: name, cause: `not done after ${patience}` })
  }))

const serverCpu = Effect.gen(function*() {
  const stack = yield* Stack
  const brokers = yield* Effect.forEach(stack.nodes, (node) => node.pid)
  const s3 = yield* stack.s3Pid
  const sum = (pids: ReadonlyArray<number | undefined>): number =>
    pids.reduce<number>((total, pid) => total + (cpuMs(pid ?? 0) ?? 0), 0)
  return { broker: sum(brokers), s3: sum([s3]) }
})

/** The program's output, and what it took. */
export const measure = (program: Program) =>
  Effect.gen(function*() {
    const before = yield* serverCpu
    const { output, ...own } = yield* runOne(program)
    const after = yield* serverCpu
    const measurement: Measurement = {
      ...own,
      brokerCpuMs: after.broker - before.broker,
      s3CpuMs: after.s3 - before.s3
    }
    return { output, measurement }
  })

const progress = (text: string) => Effect.sync(() => process.stderr.write(`bench: ${text}\n`))

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
  brokerCpuMs: first.brokerCpuMs + second.brokerCpuMs,
  s3CpuMs: first.s3CpuMs + second.s3CpuMs
})
