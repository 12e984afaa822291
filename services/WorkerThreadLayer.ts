/** Starts workers in threads of Node. */
import { Effect, Exit, Mailbox, Schema } from "effect"
import type { Scope } from "effect"
import module from "node:module"
import path from "node:path"
import { Worker } from "node:worker_threads"
import type { ToWorker, WorkerStart } from "./WorkerMessages.ts"
import { FromWorker } from "./WorkerMessages.ts"
import type { WorkerThread } from "./WorkerThread.ts"
import { WorkerCrashed } from "./WorkerThread.ts"

/** As much as the main thread keeps for it: two halves of 4 MB, and as much for large objects. */
const resourceLimits = { maxYoungGenerationSizeMb: 12 }

const decode = Schema.decodeUnknownEither(FromWorker)

/** As `module.enableCompileCache` takes it: below it is a directory for each version of Node. */
const compileCache = (): string | null => {
  const own = module.getCompileCacheDir()
  return own === undefined ? null : path.dirname(own)
}

const crashed = (detail: string) => new WorkerCrashed({ detail })

/**
 * The thread runs the module `entry` with the command line of this process. It is ended with the
 * scope, if it has not ended by itself.
 */
export const startThread = (
  entry: URL,
  place: Pick<WorkerStart, "worker" | "workers">
): Effect.Effect<WorkerThread, never, Scope.Scope> =>
  Effect.gen(function*() {
    const said = yield* Mailbox.make<FromWorker, WorkerCrashed>()
    const start: WorkerStart = {
      kafkaDataKeep: "worker",
      compileCache: compileCache(),
      ...place
    }
    const thread = yield* Effect.acquireRelease(
      Effect.sync(() =>
        new Worker(entry, { argv: process.argv.slice(2), workerData: start, resourceLimits })
      ),
      (started) => Effect.promise(() => started.terminate())
    )
    let ended = false
    let crash: WorkerCrashed | undefined
    thread.on("message", (data) => {
      const message = decode(data)
      if (message._tag === "Left") {
        crash ??= crashed(`it said what nobody understands: ${message.left.message}`)
        void thread.terminate()
        return
      }
      ended ||= message.right._tag === "Ended"
      said.unsafeOffer(message.right)
    })
    thread.on("error", (error) => {
      crash ??= crashed(error.message)
    })
    thread.on("exit", (code) => {
      if (!ended) crash ??= crashed(`its thread ended with code ${code}`)
      said.unsafeDone(crash === undefined ? Exit.void : Exit.fail(crash))
    })
    return {
      post: (message: ToWorker) => thread.postMessage(message, []),
      said,
      end: () => void thread.terminate()
    }
  })
