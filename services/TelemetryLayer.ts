/** Sends spans to an OpenTelemetry collector over OTLP/HTTP with JSON. */
import * as OtlpSerialization from "@effect/opentelemetry/OtlpSerialization"
import * as OtlpTracer from "@effect/opentelemetry/OtlpTracer"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { Layer } from "effect"
import type { TelemetrySettings } from "./Telemetry.ts"

/** How long the end of the program may wait for the last spans. */
const shutdownTimeout = "1 second"

/**
 * Spans go out in the background. A collector that is away costs the spans, and at most a second
 * when the program ends; nothing else.
 */
export const TelemetryLayer = (settings: TelemetrySettings): Layer.Layer<never> =>
  settings.tracesUrl === undefined
    ? Layer.empty
    : OtlpTracer.layer({
      url: settings.tracesUrl,
      resource: { serviceName: settings.serviceName, serviceVersion: settings.serviceVersion },
      headers: settings.headers,
      shutdownTimeout
    }).pipe(Layer.provide([OtlpSerialization.layerJson, FetchHttpClient.layer]))
