/** Runs a tool of the development environment to its end. */
import { Effect } from "effect"
import { spawn } from "node:child_process"
import path from "node:path"
import { StackError } from "./StackError.ts"

export interface ToolOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/** A tool of the Java development kit: of JAVA_HOME when set, else the one on the path. */
export const jdk = (tool: "java" | "jar"): string => {
  const home = process.env["JAVA_HOME"]
  return home === undefined || home === "" ? tool : path.join(home, "bin", tool)
}

/** What the tool wrote to stdout. Fails with its last lines when it does not exit with 0. */
export const runTool = (
  step: string,
  command: string,
  args: ReadonlyArray<string>,
  options: ToolOptions = {}
): Effect.Effect<string, StackError> =>
  Effect.async<string, StackError>((resume) => {
    const child = spawn(command, [...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd })
    })
    const out: Array<Buffer> = []
    const all: Array<Buffer> = []
    child.stdout.on("data", (chunk: Buffer) => {
      out.push(chunk)
      all.push(chunk)
    })
    child.stderr.on("data", (chunk: Buffer) => all.push(chunk))
    child.on("error", (error) => resume(Effect.fail(new StackError({ step, cause: error }))))
    child.on("close", (code, signal) => {
      if (code === 0) return resume(Effect.succeed(Buffer.concat(out).toString()))
      const tail = Buffer.concat(all).toString().trimEnd().split("\n").slice(-30).join("\n")
      const cause = `${command} ended with ${code ?? signal}\n${tail}`
      resume(Effect.fail(new StackError({ step, cause })))
    })
    return Effect.sync(() => child.kill("SIGKILL"))
  })
