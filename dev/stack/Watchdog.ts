/**
 * Ends child processes and removes their directory when this process is gone, even after SIGKILL:
 * a small shell holds the other end of a pipe and acts when the pipe closes.
 */
import { Effect } from "effect"
import { spawn } from "node:child_process"
import fs from "node:fs/promises"
import os from "node:os"
import path from "node:path"
import { StackError } from "./StackError.ts"

const script = `
trap '' INT TERM HUP
pids=""
while read -r verb pid; do
  kept=""
  for p in $pids; do [ "$p" = "$pid" ] || kept="$kept $p"; done
  pids=$kept
  if [ "$verb" = watch ]; then pids="$pids $pid"; fi
done
for p in $pids; do kill -9 "$p" 2>/dev/null; done
rm -rf "$1" 2>/dev/null || { sleep 1; rm -rf "$1"; }
`

export interface Watchdog {
  /** A temporary directory, removed with the watchdog. */
  readonly directory: string
  /** From now on the process does not outlive this one. */
  readonly watch: (pid: number) => void
  /** The process has ended: its id can belong to another one soon. */
  readonly forget: (pid: number) => void
}

/** Closing the scope kills what is still watched and removes the directory, then returns. */
export const makeWatchdog = Effect.acquireRelease(
  Effect.gen(function*() {
    const directory = yield* Effect.tryPromise({
      try: () => fs.mkdtemp(path.join(os.tmpdir(), "kafka-data-keep-")),
      catch: (cause) => new StackError({ step: "create a temporary directory", cause })
    })
    const shell = spawn("sh", ["-c", script, "watchdog", directory], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
      cwd: "/"
    })
    shell.unref()
    const ended = new Promise<void>((resolve) => {
      shell.once("exit", () => resolve())
      shell.once("error", () => resolve())
    })
    shell.stdin.on("error", () => undefined)
    const say = (verb: string) => (pid: number): void => {
      shell.stdin.write(`${verb} ${pid}\n`)
    }
    const watchdog: Watchdog = { directory, watch: say("watch"), forget: say("forget") }
    return { watchdog, close: () => shell.stdin.end(), ended }
  }),
  ({ close, ended }) => Effect.promise(() => (close(), ended))
).pipe(Effect.map(({ watchdog }) => watchdog))
