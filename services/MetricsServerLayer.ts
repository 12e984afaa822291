/** Serves the metrics to Prometheus at `/__/metrics`, on all interfaces. */
import { Effect, Layer } from "effect"
import type { HttpAnswer } from "./HttpListener.ts"
import { HttpListener } from "./HttpListener.ts"
import type { MetricFamily } from "./MetricFamilies.ts"
import { metricFamilies } from "./MetricFamilies.ts"
import { showAtZero } from "./Metrics.ts"
import { prometheusContentType, prometheusText } from "./PrometheusText.ts"

const host = "0.0.0.0"
const path = "/__/metrics"

const answer = (families: ReadonlyArray<MetricFamily>): HttpAnswer => ({
  status: 200,
  body: prometheusText(families),
  headers: { "content-type": prometheusContentType }
})

const ownFamilies = Effect.as(showAtZero, Effect.sync(metricFamilies))

const reading: ReadonlySet<string> = new Set(["GET", "HEAD"])

/** A port that cannot be had is a warning only: two commands may share a host. */
export const MetricsServerLayer = (
  settings: {
    readonly port: number
    /** What to serve, asked for at every scrape; absent: the metrics of this thread. */
    readonly families?: Effect.Effect<ReadonlyArray<MetricFamily>>
  }
): Layer.Layer<never, never, HttpListener> =>
  Layer.scopedDiscard(
    Effect.gen(function*() {
      const families = settings.families ?? (yield* ownFamilies)
      const listener = yield* HttpListener
      const port = yield* listener.listen({
        host,
        port: settings.port,
        handle: (request) => {
          if (request.path !== path) return Effect.succeed({ status: 404, body: "not found\n" })
          return reading.has(request.method)
            ? Effect.map(families, answer)
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
