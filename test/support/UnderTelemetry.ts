/** Runs an effect as a command runs under telemetry, and keeps what it logs to stderr. */
import { Effect, Layer, Logger } from "effect"
import { TelemetryLayer } from "../../services/TelemetryLayer.ts"
import { jsonLine, shownEvent } from "../../src/cli/Logging.ts"
import { telemetryFrom } from "../../src/cli/Telemetry.ts"
import type { OtlpReceiver } from "./OtlpReceiver.ts"

export type Line = Readonly<Record<string, unknown>>

/** The variable that sends everything there. */
export const to = (receiver: OtlpReceiver) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })

/** The lines that went to stderr; `lines` has them while it runs. */
export const under = (
  env: Readonly<Record<string, string>>,
  effect: Effect.Effect<void>,
  lines: Array<Line> = []
): Effect.Effect<ReadonlyArray<Line>> => {
  const logger = Logger.make((event) => void lines.push(JSON.parse(jsonLine(event))))
  const settings = telemetryFrom(new Map(Object.entries(env)))
  return effect.pipe(
    Effect.provide(
      Layer.provideMerge(
        Layer.fresh(TelemetryLayer(settings, "the-command", shownEvent)),
        Logger.replace(Logger.defaultLogger, logger)
      )
    ),
    Effect.as(lines)
  )
}

/** Waits for something that comes soon. */
export const until = (holds: () => boolean): Effect.Effect<void> =>
  Effect.sleep("20 millis").pipe(
    Effect.repeat({ until: holds }),
    Effect.timeout("10 seconds"),
    Effect.orDie
  )
