/** Sends traces, metrics and logs to a collector; the exporters are loaded only when they are wanted. */
import type { Logger } from "effect"
import { Effect, Layer } from "effect"
import type { TelemetrySettings } from "./Telemetry.ts"
import { signals } from "./Telemetry.ts"

type LogEvent = Logger.Logger.Options<unknown>

const warnings = ({ problems }: TelemetrySettings): Effect.Effect<void> =>
  Effect.forEach(
    problems,
    (problem) => Effect.annotateLogs(Effect.logWarning("variable not honoured"), { ...problem }),
    { discard: true }
  )

/**
 * Everything goes out in the background. A collector that is away costs one warning and what
 * found no room meanwhile, and at most a second when the program ends.
 *
 * `run` names the span of everything the layer is provided to; `shown` makes of a log event what
 * is sent of it.
 */
export const TelemetryLayer = (
  settings: TelemetrySettings,
  run: string,
  shown: (event: LogEvent) => LogEvent
): Layer.Layer<never> => {
  const none = signals.every((signal) => settings.signals[signal] === undefined)
  const layer: Layer.Layer<never> = none
    ? Layer.empty
    : Layer.unwrapScoped(
      Effect.flatMap(
        Effect.promise(() => import("./TelemetryExportersLayer.ts")),
        ({ exporters }) => exporters(settings, run, shown)
      )
    )
  return Layer.unwrapEffect(Effect.as(warnings(settings), layer))
}
