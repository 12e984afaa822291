/** Says when brokers throttle this client: somebody has set a quota, and it is slower for that. */
import type { Scope } from "effect"
import { Clock, Effect, Schedule } from "effect"
import { throttledMs } from "../services/Metrics.ts"

const lookEvery = "1 second"
/** Milliseconds from one line to the next, at least. */
const tellEveryMs = 10_000

/** Until the scope closes: a line when it begins, and then one for ten seconds of it. */
export const tellThrottling: Effect.Effect<void, never, Scope.Scope> = Effect.gen(function*() {
  let told = yield* throttledMs
  let toldAtMs = Number.NEGATIVE_INFINITY
  const look = Effect.gen(function*() {
    const total = yield* throttledMs
    const now = yield* Clock.currentTimeMillis
    if (total === told || now - toldAtMs < tellEveryMs) return
    // The last line is as old as that, or all of it came since the last look.
    const recent = total - told
    told = total
    toldAtMs = now
    yield* Effect.logInfo("brokers throttle this client: a quota is set for it").pipe(
      Effect.annotateLogs({ throttled_ms: recent, within: "10s" })
    )
  })
  yield* Effect.forkScoped(Effect.repeat(look, Schedule.spaced(lookEvery)))
})
