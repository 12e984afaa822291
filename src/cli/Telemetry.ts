/** OpenTelemetry's own environment variables, as its specification of exporters names them. */
import { Config, Effect, Option } from "effect"
import type { TelemetrySettings } from "../../services/Telemetry.ts"
import { version } from "./Version.ts"

const optional = (name: string) =>
  Config.string(name).pipe(
    Config.map((value) => value.trim()),
    Config.withDefault("")
  )

const headersOf = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    text.split(",").flatMap((pair) => {
      const at = pair.indexOf("=")
      return at < 1
        ? []
        : [[pair.slice(0, at).trim(), decodeURIComponent(pair.slice(at + 1).trim())]]
    })
  )

const settings = Config.all({
  endpoint: optional("OTEL_EXPORTER_OTLP_ENDPOINT"),
  tracesEndpoint: optional("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
  headers: optional("OTEL_EXPORTER_OTLP_HEADERS"),
  serviceName: optional("OTEL_SERVICE_NAME")
})

/** Without an endpoint there is no telemetry. */
export const telemetrySettings: Effect.Effect<TelemetrySettings> = Effect.map(
  Effect.option(settings),
  Option.match({
    onNone: (): TelemetrySettings => ({
      tracesUrl: undefined,
      serviceName: "",
      serviceVersion: version,
      headers: {}
    }),
    onSome: ({ endpoint, headers, serviceName, tracesEndpoint }): TelemetrySettings => ({
      tracesUrl: tracesEndpoint !== ""
        ? tracesEndpoint
        : endpoint === ""
        ? undefined
        : `${endpoint.replace(/\/+$/, "")}/v1/traces`,
      serviceName: serviceName === "" ? "kafka-data-keep" : serviceName,
      serviceVersion: version,
      headers: headersOf(headers)
    })
  })
)
