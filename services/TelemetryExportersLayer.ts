/** The exporters of traces, metrics and logs over OTLP/HTTP, as loggers and tracer of a program. */
import * as OtlpLogger from "@effect/opentelemetry/OtlpLogger"
import * as OtlpMetrics from "@effect/opentelemetry/OtlpMetrics"
import * as OtlpTracer from "@effect/opentelemetry/OtlpTracer"
import * as HttpClient from "@effect/platform/HttpClient"
import { ConfigProvider, Effect, Layer, Logger } from "effect"
import { randomUUID } from "node:crypto"
import type { Signal, TelemetrySettings } from "./Telemetry.ts"
import { TelemetryFormatLayer } from "./TelemetryFormatLayer.ts"
import { makeTelemetryHealth } from "./TelemetryHealth.ts"
import { makePost } from "./TelemetryPostLayer.ts"
import type { Lane } from "./TelemetrySenderLayer.ts"
import { drained, makeLane } from "./TelemetrySenderLayer.ts"
import { tracerOf } from "./TelemetryTracer.ts"

type LogEvent = Logger.Logger.Options<unknown>

/** The exporters would read some of the variables again, with other rules. */
const noVariables = Effect.withConfigProvider(ConfigProvider.fromMap(new Map()))

/** See `TelemetryLayer`. */
export const exporters = (
  settings: TelemetrySettings,
  run: string,
  shown: (event: LogEvent) => LogEvent
) =>
  Effect.gen(function*() {
    const health = makeTelemetryHealth()
    const userAgent = `${settings.serviceName}/${settings.serviceVersion}`.replace(/[^!-~]+/g, "-")
    const lanes: Array<Lane> = []
    const resource = {
      serviceName: settings.serviceName,
      serviceVersion: settings.serviceVersion,
      // Tells replicas apart, whose metrics would be one series otherwise.
      attributes: { "service.instance.id": randomUUID(), ...settings.attributes }
    }

    /** What an exporter of that signal needs; `undefined` when the signal is not sent. */
    const exporter = (signal: Signal) =>
      Effect.gen(function*() {
        const own = settings.signals[signal]
        if (own === undefined) return undefined
        const lane = yield* makeLane(signal, own, makePost(own, userAgent), health)
        lanes.push(lane)
        return {
          options: {
            url: own.url.href,
            resource,
            exportInterval: own.intervalMs,
            maxBatchSize: own.batchSize
          },
          services: Layer.merge(
            Layer.succeed(HttpClient.HttpClient, lane.client),
            TelemetryFormatLayer(own.protocol)
          )
        }
      })

    const [traces, metrics, logs] = yield* Effect.all([
      exporter("traces"),
      exporter("metrics"),
      exporter("logs")
    ])
    // Exporters made after this hand over what they hold before it runs.
    yield* drained(lanes)

    if (metrics !== undefined) {
      yield* OtlpMetrics.make(metrics.options).pipe(Effect.provide(metrics.services), noVariables)
    }
    const logger = logs === undefined
      ? undefined
      : yield* OtlpLogger.make({ ...logs.options, excludeLogSpans: true }).pipe(
        Effect.provide(logs.services),
        noVariables
      )
    const tracer = traces === undefined
      ? undefined
      : yield* OtlpTracer.make(traces.options).pipe(Effect.provide(traces.services), noVariables)

    const logging = logger === undefined
      ? Layer.empty
      : Logger.add(Logger.mapInputOptions(logger, shown))
    if (tracer === undefined) return logging
    return Layer.provideMerge(
      Layer.span(run, { root: true }),
      Layer.merge(logging, Layer.setTracer(tracerOf(tracer, settings.sampler, run)))
    )
  })
