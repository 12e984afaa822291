/** Holds a watched child until it is killed; prints the child's id and the directory. */
import { Console, Effect } from "effect"
import path from "node:path"
import { startChild } from "../../dev/stack/Child.ts"
import { makeWatchdog } from "../../dev/stack/Watchdog.ts"

const hold = Effect.gen(function*() {
  const watchdog = yield* makeWatchdog
  const logFile = path.join(watchdog.directory, "sleeper.log")
  const sleeper = { name: "sleeper", command: "sleep", args: ["600"], logFile }
  const child = yield* startChild(watchdog, sleeper)
  yield* Console.log(`${child.pid} ${watchdog.directory}`)
  return yield* Effect.never
})

Effect.runFork(Effect.scoped(hold))
