/** Builds the program and runs it as users do. */
import { Effect } from "effect"
import type { ChildProcess } from "node:child_process"
import { spawn } from "node:child_process"
import { resolve } from "node:path"
import { buildBundle } from "../../dev/build.ts"

const root = resolve(import.meta.dirname, "../..")

/** Builds into a file of that name; test files that run at once need names of their own. */
export const built = async (name: string): Promise<string> => {
  const bundle = resolve(root, `node_modules/.cache/kafka-data-keep-test/${name}.mjs`)
  await buildBundle(bundle)
  return bundle
}

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly child: ChildProcess
  /** What it has written to stderr so far. */
  readonly stderr: () => string
  readonly finished: Effect.Effect<Finished>
}

/** Starts a program in the repository with nothing in its environment but what is given. */
export const started = (
  program: string,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
) =>
  Effect.acquireRelease(
    Effect.sync((): Running => {
      const child = spawn(program, [...args], {
        cwd: root,
        env: { ...env },
        stdio: ["ignore", "pipe", "pipe"]
      })
      let stdout = ""
      let stderr = ""
      // A character may come in two chunks.
      child.stdout.setEncoding("utf8").on("data", (text: string) => stdout += text)
      child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text)
      const closed = new Promise<Finished>((done) => {
        child.on("close", (code) => done({ code, stdout, stderr }))
      })
      return { child, stderr: () => stderr, finished: Effect.promise(() => closed) }
    }),
    ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
  )

/** Runs a program to its end. */
export const finished = (
  program: string,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
) => Effect.scoped(Effect.flatMap(started(program, args, env), (running) => running.finished))
