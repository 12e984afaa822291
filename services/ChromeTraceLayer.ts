/** Node's and V8's trace events in Chrome's trace event format. */
import type { Scope } from "effect"
import { Effect } from "effect"
import { inspector } from "./InspectorLayer.ts"
import type { ProfilingError } from "./Profiling.ts"

/** Two events for every promise and callback say little and cost much. */
const noisy: ReadonlySet<string> = new Set(["node", "node.async_hooks"])

/** JSON that chrome://tracing and Perfetto read: garbage collections, files, sockets, threads. */
export const chromeTrace = (
  seconds: number
): Effect.Effect<string, ProfilingError, Scope.Scope> =>
  Effect.gen(function*() {
    const { ask, session } = yield* inspector("trace")
    const events: Array<object> = []
    session.on("NodeTracing.dataCollected", ({ params }) => {
      for (const event of params.value) events.push(event)
    })
    const complete = new Promise<void>((resolve) => {
      session.once("NodeTracing.tracingComplete", () => resolve())
    })
    const { categories } = yield* ask((asked) => asked.post("NodeTracing.getCategories"))
    yield* ask((asked) =>
      asked.post("NodeTracing.start", {
        traceConfig: { includedCategories: categories.filter((name) => !noisy.has(name)) }
      })
    )
    yield* Effect.sleep(seconds * 1000)
    yield* ask((asked) => asked.post("NodeTracing.stop"))
    yield* Effect.promise(() => complete)
    return JSON.stringify({ traceEvents: events })
  })
