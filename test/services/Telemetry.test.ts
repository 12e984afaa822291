import { assert, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer } from "effect"
import { createServer } from "node:http"
import { TelemetryLayer } from "../../services/TelemetryLayer.ts"
import { telemetrySettings } from "../../src/cli/Telemetry.ts"

const settingsFrom = (env: Readonly<Record<string, string>>) =>
  Effect.withConfigProvider(
    telemetrySettings,
    ConfigProvider.fromMap(new Map(Object.entries(env)))
  )

/** A collector that keeps what is posted to it. */
const collector = Effect.acquireRelease(
  Effect.async<{ readonly port: number; readonly posts: Array<string>; readonly stop: () => void }>(
    (resume) => {
      const posts: Array<string> = []
      const server = createServer((request, response) => {
        let body = ""
        request.on("data", (chunk) => body += String(chunk))
        request.on("end", () => {
          posts.push(`${request.url} ${request.headers["x-key"]} ${body}`)
          response.end("{}")
        })
      })
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = typeof address === "object" && address !== null ? address.port : 0
        const stop = () => {
          server.close()
          server.closeAllConnections()
        }
        resume(Effect.succeed({ port, posts, stop }))
      })
    }
  ),
  ({ stop }) => Effect.sync(stop)
)

const work = Effect.withSpan(Effect.void, "Upload.file", { attributes: { key: "orders/0" } })

it.effect("the variables of OpenTelemetry decide", () =>
  Effect.gen(function*() {
    assert.isUndefined((yield* settingsFrom({})).tracesUrl)
    const plain = yield* settingsFrom({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318/" })
    assert.strictEqual(plain.tracesUrl, "http://collector:4318/v1/traces")
    assert.strictEqual(plain.serviceName, "kafka-data-keep")
    const named = yield* settingsFrom({
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318",
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://traces:1/in",
      OTEL_EXPORTER_OTLP_HEADERS: "x-key=a%20b,broken",
      OTEL_SERVICE_NAME: "keeper"
    })
    assert.deepInclude(named, {
      tracesUrl: "http://traces:1/in",
      serviceName: "keeper",
      headers: { "x-key": "a b" }
    })
  }))

it.scopedLive("spans reach the collector before the program ends", () =>
  Effect.gen(function*() {
    const { port, posts } = yield* collector
    const settings = yield* settingsFrom({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_HEADERS: "x-key=1"
    })
    yield* Effect.provide(work, TelemetryLayer(settings))
    assert.strictEqual(posts.length, 1)
    assert.match(posts[0] ?? "", /^\/v1\/traces 1 .*kafka-data-keep.*Upload\.file/)
  }))

it.scopedLive("a collector that is away costs nothing but the spans", () =>
  Effect.gen(function*() {
    const { port, stop } = yield* collector
    stop()
    const settings = yield* settingsFrom({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`
    })
    const live = Layer.fresh(TelemetryLayer(settings))
    yield* Effect.provide(work, live).pipe(Effect.timeout("3 seconds"))
  }))
