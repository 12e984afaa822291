/** Starts a program and keeps an eye on what it uses. */
import { Deferred, Effect } from "effect"
import { spawn } from "node:child_process"
import { StackError } from "../stack/StackError.ts"
import { cpuMs, peakMemory, transferred } from "./ProcessStats.ts"
import { Workplace } from "./Workplace.ts"

export interface Program {
  readonly name: string
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
}

/** So far; after its end, all of it but what came after the last look. */
export interface Usage {
  /** User and system time. */
  readonly cpuMs: number
  /** Highest resident memory, bytes. */
  readonly peakMemory: number
  /** Bytes through its read and write calls, of files and sockets. */
  readonly readBytes: number
  readonly writtenBytes: number
}

export interface Launched {
  readonly name: string
  readonly pid: number
  /** Of stdout and stderr together, the newest part. */
  readonly output: () => string
  readonly usage: () => Usage
  /** Milliseconds from start to end. Fails when it does not end with exit code 0. */
  readonly done: Effect.Effect<number, StackError>
  readonly signal: (signal: NodeJS.Signals) => Effect.Effect<void>
}

/** What was used between two looks at /proc is lost at the end: at most this many milliseconds. */
const lookMs = 20

const keptOutput = 100_000

const nothing: Usage = { cpuMs: 0, peakMemory: 0, readBytes: 0, writtenBytes: 0 }

/** Returns when the process runs. It ends with the scope, by SIGKILL if it has not before. */
export const launch = (program: Program) =>
  Effect.gen(function*() {
    const watchdog = yield* Workplace
    const started = performance.now()
    const done = yield* Deferred.make<number, StackError>()
    const fail = (cause: unknown): void =>
      Deferred.unsafeDone(done, Effect.fail(new StackError({ step: program.name, cause })))
    const child = spawn(program.command, [...program.args], {
      env: { ...process.env, ...program.env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true
    })
    const pid = child.pid ?? 0
    let output = ""
    let used = nothing
    const collect = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-keptOutput)
    }
    const look = (): void => {
      used = {
        ...used,
        cpuMs: cpuMs(pid) ?? used.cpuMs,
        peakMemory: peakMemory(pid) ?? used.peakMemory,
        ...transferred(pid)
      }
    }
    const timer = setInterval(look, lookMs)
    if (child.pid !== undefined) watchdog.watch(pid)
    child.stdout.on("data", collect)
    child.stderr.on("data", collect)
    child.once("error", fail)
    let wallMs = 0
    child.once("exit", () => {
      wallMs = performance.now() - started
      clearInterval(timer)
      watchdog.forget(pid)
    })
    child.once("close", (code, signal) => {
      if (code === 0) Deferred.unsafeDone(done, Effect.succeed(wallMs))
      else fail(`ended with ${code ?? signal}\n${output.slice(-4000)}`)
    })
    yield* Effect.addFinalizer(() => {
      clearInterval(timer)
      child.kill("SIGKILL")
      return Effect.ignore(Deferred.await(done))
    })
    const launched: Launched = {
      name: program.name,
      pid,
      output: () => output,
      usage: () => used,
      done: Deferred.await(done),
      signal: (signal) => Effect.sync(() => void child.kill(signal))
    }
    return launched
  })

/** Asks it to end as its users would, and waits for that. */
export const stop = ({ done, name, signal }: Launched): Effect.Effect<number, StackError> =>
  Effect.zipRight(signal("SIGTERM"), done).pipe(
    Effect.timeoutFail({
      duration: "1 minute",
      onTimeout: () => new StackError({ step: `stop ${name}`, cause: "not done after a minute" })
    })
  )
