/** Children of the local stack do not outlive it, whatever happens to the process that runs it. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import { spawn } from "node:child_process"
import fs from "node:fs"
import path from "node:path"
import readline from "node:readline"
import { startChild, stopChild } from "../../dev/stack/Child.ts"
import { makeWatchdog } from "../../dev/stack/Watchdog.ts"

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

const eventually = (condition: () => boolean) =>
  Effect.sync(condition).pipe(
    Effect.zipLeft(Effect.sleep("50 millis")),
    Effect.repeat({ until: (yes) => yes }),
    Effect.timeout("10 seconds")
  )

const sleeper = (directory: string) => ({
  name: "sleeper",
  command: "sleep",
  args: ["600"],
  logFile: path.join(directory, "sleeper.log")
})

/** Starts a process that starts a sleeper; answers with what it prints: `<pid> <directory>`. */
const startParent = Effect.async<{ kill: () => void; line: string }>((resume) => {
  const parent = spawn(process.execPath, [path.join(import.meta.dirname, "WatchdogParent.ts")])
  readline.createInterface(parent.stdout).once("line", (line) => {
    resume(Effect.succeed({ line, kill: () => parent.kill("SIGKILL") }))
  })
})

describe("Watchdog", () => {
  it.live("ends children and removes the directory with its scope", () =>
    Effect.gen(function*() {
      const { directory, pid } = yield* Effect.scoped(Effect.gen(function*() {
        const watchdog = yield* makeWatchdog
        const child = yield* startChild(watchdog, sleeper(watchdog.directory))
        assert.isTrue(isAlive(child.pid))
        return { directory: watchdog.directory, pid: child.pid }
      }))
      yield* eventually(() => !isAlive(pid))
      assert.isFalse(fs.existsSync(directory))
    }))

  it.live("ends children and removes the directory when the parent is killed", () =>
    Effect.gen(function*() {
      const { kill, line } = yield* startParent
      const [pid = "", directory = ""] = line.split(" ")
      assert.isTrue(isAlive(Number(pid)))
      kill()
      yield* eventually(() => !isAlive(Number(pid)) && !fs.existsSync(directory))
    }))

  it.scopedLive("leaves alone what has ended, and stops what is paused", () =>
    Effect.gen(function*() {
      const watchdog = yield* makeWatchdog
      const child = yield* startChild(watchdog, sleeper(watchdog.directory))
      yield* child.signal("SIGSTOP")
      yield* stopChild(child, "10 seconds")
      assert.strictEqual(yield* Deferred.await(child.ended), "SIGTERM")
    }))
})
