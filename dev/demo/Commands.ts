/** Runs programs as a user would: the command is shown, then its output. */
import { Effect } from "effect"
import { spawn } from "node:child_process"
import readline from "node:readline"
import { StackError } from "../stack/StackError.ts"
import { dim, say, shown } from "./Terminal.ts"

export type Environment = Readonly<Record<string, string>>

/** Quotes what a shell would otherwise read differently. */
const quoted = (word: string): string => /^[\w./:=,@-]+$/.test(word) ? word : `'${word}'`

/** The exports that the commands below rely on. */
export const showEnvironment = (environment: Environment): void => {
  for (const [name, value] of Object.entries(environment)) shown(`export ${name}=${quoted(value)}`)
}

/** More than any command of the demo needs on a slow machine. */
const patience = "3 minutes"

/** Returns the milliseconds that it took; fails unless it exits with 0. */
export const runShown = (
  command: string,
  args: ReadonlyArray<string>,
  environment: Environment,
  asTyped: ReadonlyArray<string> = [command, ...args].map(quoted)
): Effect.Effect<number, StackError> =>
  Effect.async<number, StackError>((resume) => {
    const started = performance.now()
    shown(asTyped.join(" "))
    const child = spawn(command, [...args], {
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true
    })
    for (const stream of [child.stdout, child.stderr]) {
      readline.createInterface(stream).on("line", (line) => say(dim(`  ${line}`)))
    }
    const failed = (cause: unknown) =>
      resume(Effect.fail(new StackError({ step: asTyped.join(" "), cause })))
    child.once("error", failed)
    child.once("close", (code, signal) => {
      if (code === 0) resume(Effect.succeed(performance.now() - started))
      else failed(`ended with ${code ?? signal}`)
    })
    return Effect.sync(() => child.kill("SIGKILL"))
  }).pipe(Effect.timeoutFail({
    duration: patience,
    onTimeout: () =>
      new StackError({ step: asTyped.join(" "), cause: `not done after ${patience}` })
  }))
