/** Profiles by V8's own profilers. Nothing but the sampling of the heap runs between requests. */
import { Effect, Layer, Option } from "effect"
import { chromeTrace } from "./ChromeTraceLayer.ts"
import { cpuProfile } from "./CpuProfileLayer.ts"
import { heapProfiler } from "./HeapProfileLayer.ts"
import { Profiling, ProfilingError } from "./Profiling.ts"

/** Lets one run at a time; the others fail at once. */
const oneAtATime = (operation: string) =>
  Effect.map(
    Effect.makeSemaphore(1),
    (turn) => <A>(profile: Effect.Effect<A, ProfilingError>) =>
      Effect.flatMap(
        turn.withPermitsIfAvailable(1)(profile),
        Option.match({
          onNone: () => Effect.fail(new ProfilingError({ reason: "Busy", operation })),
          onSome: Effect.succeed
        })
      )
  )

export const ProfilingLayer: Layer.Layer<Profiling> = Layer.scoped(
  Profiling,
  Effect.gen(function*() {
    const cpu = yield* oneAtATime("CPU profile")
    const trace = yield* oneAtATime("trace")
    // Without it there are still the other two.
    const heap = yield* Effect.either(heapProfiler)
    return {
      cpu: (seconds) => cpu(Effect.scoped(cpuProfile(seconds))),
      heap: (options) => Effect.flatMap(heap, (profile) => profile(options)),
      trace: (seconds) => trace(Effect.scoped(chromeTrace(seconds)))
    }
  })
)
