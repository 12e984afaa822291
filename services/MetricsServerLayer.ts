/** Serves the metrics to Prometheus at `/__/metrics`, on all interfaces. */
import { Effect, Layer, Metric } from "effect"
import type { HttpAnswer } from "./HttpListener.ts"
import { HttpListener } from "./HttpListener.ts"
import { showAtZero } from "./Metrics.ts"
import { prometheusContentType, prometheusText } from "./PrometheusText.ts"

const host = "0.0.0.0"
const path = "/__/metrics"

const scrape: Effect.Effect<HttpAnswer> = Effect.map(Metric.snapshot, (pairs) => ({
  status: 200,
  body: prometheusText(pairs),
  headers: { "content-type": prometheusContentType }
}))

const reading: ReadonlySet<string> = new Set(["GET", "HEAD"])

/** A port that cannot be had is a warning only: two commands may share a host. */
export const MetricsServerLayer = (
  settings: { readonly port: number }
): Layer.Layer<never, never, HttpListener> =>
  Layer.scopedDiscard(
    Effect.gen(function*() {
      yield* showAtZero
      const listener = yield* HttpListener
      const port = yield* listener.listen({
        host,
        port: settings.port,
        handle: (request) => {
          if (request.path !== path) return Effect.succeed({ status: 404, body: "not found\n" })
          return reading.has(request.method)
            ? scrape
            : Effect.succeed({
              status: 405,
              body: "method not allowed\n",
              headers: { allow: "GET" }
            })
        }
      })
      yield* Effect.logInfo("metrics are served").pipe(Effect.annotateLogs({ host, port, path }))
    }).pipe(
      Effect.catchAll((error) =>
        Effect.logWarning("metrics are not served").pipe(
          Effect.annotateLogs("error", error.message)
        )
      )
    )
  )
