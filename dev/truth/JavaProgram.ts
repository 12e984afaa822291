/** A single-file Java program on Kafka's jars that talks in lines; it ends with its stdin. */
import { Deferred, Effect } from "effect"
import type { ChildProcessWithoutNullStreams } from "node:child_process"
import { spawn } from "node:child_process"
import path from "node:path"
import readline from "node:readline"
import { StackError } from "../stack/StackError.ts"
import { jdk } from "../stack/Tool.ts"

export interface JavaProgram {
  readonly pid: number
  readonly write: (line: string) => Effect.Effect<void>
  /** Closes its stdin and waits for its end. */
  readonly close: Effect.Effect<void>
  readonly signal: (signal: NodeJS.Signals) => Effect.Effect<void>
  /** Completes when it has ended, with the end of what it wrote to stderr. */
  readonly ended: Deferred.Deferred<string>
}

const collectErrors = (child: ChildProcessWithoutNullStreams) => {
  const lines: Array<string> = []
  readline.createInterface(child.stderr).on("line", (line) => {
    lines.push(line)
    if (lines.length > 30) lines.shift()
  })
  return () => lines.join("\n")
}

/** Starts `dev/truth/<file>`; `onLine` sees each line of its stdout. Killed with the scope. */
export const startJava = (
  file: string,
  libs: string,
  args: ReadonlyArray<string>,
  onLine: (line: string) => void
) =>
  Effect.acquireRelease(
    Effect.async<JavaProgram, StackError>((resume) => {
      const source = path.join(import.meta.dirname, file)
      const flags = ["-Xmx1g", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
      const child = spawn(jdk("java"), [...flags, "-cp", path.join(libs, "*"), source, ...args], {
        detached: true
      })
      const ended = Deferred.unsafeMake<string>(Effect.runSync(Effect.fiberId))
      const errors = collectErrors(child)
      readline.createInterface(child.stdout).on("line", onLine)
      child.stdin.on("error", () => undefined)
      child.once("error", (cause) =>
        resume(Effect.fail(new StackError({ step: `start ${file}`, cause }))))
      child.once("close", () =>
        Deferred.unsafeDone(ended, Effect.succeed(errors())))
      child.once("spawn", () =>
        resume(Effect.succeed({
          pid: child.pid ?? 0,
          write: (line) => Effect.sync(() => void child.stdin.write(`${line}\n`)),
          close: Effect.zipRight(Effect.sync(() => child.stdin.end()), Deferred.await(ended)),
          signal: (signal) => Effect.sync(() => void child.kill(signal)),
          ended
        })))
    }),
    (program) => Effect.zipRight(program.signal("SIGKILL"), Deferred.await(program.ended))
  )
