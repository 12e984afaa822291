/** A long-running child process with its output in a file. */
import { Deferred, Effect } from "effect"
import { spawn } from "node:child_process"
import fs from "node:fs"
import { realTime } from "./RealTime.ts"
import { StackError } from "./StackError.ts"
import type { Watchdog } from "./Watchdog.ts"

export interface ChildCommand {
  readonly name: string
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
  /** Receives stdout and stderr; appended to. */
  readonly logFile: string
}

export interface Child {
  readonly name: string
  readonly pid: number
  readonly logFile: string
  /** Completes when the process has ended: with its exit code or the signal's name. */
  readonly ended: Deferred.Deferred<number | string>
  readonly signal: (signal: NodeJS.Signals) => Effect.Effect<void>
}

/** Starts the process in its own process group, so that a Ctrl-C reaches it only through us. */
export const startChild = (
  watchdog: Watchdog,
  { args, command, env, logFile, name }: ChildCommand
): Effect.Effect<Child, StackError> =>
  Effect.async((resume) => {
    const log = fs.openSync(logFile, "a")
    const ended = Deferred.unsafeMake<number | string>(Effect.runSync(Effect.fiberId))
    const child = spawn(command, [...args], {
      detached: true,
      stdio: ["ignore", log, log],
      env: { ...process.env, ...env },
      cwd: watchdog.directory
    })
    fs.closeSync(log)
    child.once("error", (cause) =>
      resume(Effect.fail(new StackError({ step: `start ${name}`, cause }))))
    child.once("spawn", () => {
      const pid = child.pid ?? 0
      watchdog.watch(pid)
      const signal = (signal: NodeJS.Signals) =>
        Effect.sync(() => {
          child.kill(signal)
        })
      resume(Effect.succeed({ name, pid, logFile, ended, signal }))
    })
    child.once("exit", (code, signal) => {
      if (child.pid !== undefined) {
        watchdog.forget(child.pid)
      }
      Deferred.unsafeDone(ended, Effect.succeed(code ?? signal ?? "unknown"))
    })
  })

/** Asks the process to end; after `patience` it is killed. Returns when it has ended. */
export const stopChild = (child: Child, patience: "10 seconds" | "0 seconds") =>
  Effect.gen(function*() {
    const kill = patience === "0 seconds"
    // A paused process ends by SIGKILL as it is; SIGTERM it would not see before it goes on.
    if (!kill) yield* child.signal("SIGCONT")
    yield* child.signal(kill ? "SIGKILL" : "SIGTERM")
    yield* Deferred.await(child.ended).pipe(
      Effect.timeoutTo({
        duration: patience,
        onSuccess: () => Effect.void,
        onTimeout: () => child.signal("SIGKILL")
      }),
      Effect.flatten
    )
    yield* Deferred.await(child.ended)
  }).pipe(realTime)

/** The end of the child's output, for an error message. */
export const logTail = (child: Child): string =>
  fs.readFileSync(child.logFile, "utf8").trimEnd().split("\n").slice(-25).join("\n")

/** Repeats `probe` until it says yes; fails when the child ends first or it takes too long. */
export const awaitReady = (child: Child, probe: Effect.Effect<boolean>, seconds: number) => {
  const answered = Effect.repeat(Effect.zipLeft(probe, Effect.sleep("100 millis")), {
    until: (ready) => ready
  })
  const died = Effect.flatMap(Deferred.await(child.ended), (code) =>
    Effect.fail(
      new StackError({
        step: `start ${child.name}`,
        cause: `it ended with ${code}\n${logTail(child)}`
      })
    ))
  return Effect.raceFirst(answered, died).pipe(
    Effect.asVoid,
    Effect.timeoutFail({
      duration: seconds * 1000,
      onTimeout: () =>
        new StackError({
          step: `start ${child.name}`,
          cause: `not ready after ${seconds} s\n${logTail(child)}`
        })
    }),
    realTime
  )
}
