/** Says once that telemetry cannot be sent, and once that it can again. */
import { Effect } from "effect"
import type { Signal, TelemetryError } from "./Telemetry.ts"

export interface TelemetryHealth {
  readonly fails: (signal: Signal, url: URL, error: TelemetryError) => Effect.Effect<void>
  /** `lost` is the number of batches that found no room since it worked last. */
  readonly works: (signal: Signal, lost: number) => Effect.Effect<void>
}

/** Without user, password and query, which may be secrets. */
const shown = (url: URL): string => `${url.origin}${url.pathname}`

/** Signals that fail for the same cause are one outage. What is refused differs by address. */
const outageOf = (url: URL, error: TelemetryError): string =>
  error.reason === "Refused" ? shown(url) : url.origin

export const makeTelemetryHealth = (): TelemetryHealth => {
  const failing = new Map<Signal, string>()
  const known = (outage: string) => [...failing.values()].includes(outage)
  return {
    fails: (signal, url, error) =>
      Effect.suspend(() => {
        const outage = outageOf(url, error)
        const told = known(outage)
        failing.set(signal, outage)
        return told ? Effect.void : Effect.logWarning("telemetry cannot be sent").pipe(
          Effect.annotateLogs({ signal, url: shown(url), error: error.message })
        )
      }),
    works: (signal, lost) =>
      Effect.suspend(() => {
        const outage = failing.get(signal)
        if (outage === undefined) return Effect.void
        failing.delete(signal)
        return known(outage) ? Effect.void : Effect.logInfo("telemetry is sent again").pipe(
          Effect.annotateLogs(lost === 0 ? { signal } : { signal, lostBatches: lost })
        )
      })
  }
}
