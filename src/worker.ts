/** Where a worker thread begins: as the program does, with what V8 has compiled the last time. */
import "./cli/Preflight.ts"
import module from "node:module"
import { workerData } from "node:worker_threads"

const given: unknown = workerData
if (
  typeof given === "object" && given !== null && "compileCache" in given
  && typeof given.compileCache === "string"
) {
  module.enableCompileCache(given.compileCache)
}
await import("./main.ts")
