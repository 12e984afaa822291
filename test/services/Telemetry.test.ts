import { assert, describe, it } from "@effect/vitest"
import { Data, Duration, Effect, Metric } from "effect"
import { otlpReceiver } from "../support/OtlpReceiver.ts"
import { to, under, until } from "../support/UnderTelemetry.ts"

const own = Metric.counter("kafka_data_keep_test_bytes_total", { incremental: true })
const gauge = Metric.gauge("kafka_data_keep_test_seconds")
const histogram = Metric.timer("kafka_data_keep_test_duration")
const foreign = Metric.counter("foreign_total")

class NoRoom extends Data.TaggedError("NoRoom")<{ readonly message: string }> {}

const work = Effect.gen(function*() {
  yield* Metric.incrementBy(own, 7)
  yield* Metric.set(Metric.tagged(gauge, "topic", "orders"), 1.5)
  yield* Metric.update(histogram, Duration.millis(20))
  yield* Metric.increment(foreign)
  yield* Effect.logWarning("refused").pipe(
    Effect.annotateLogs({ offset: -1001n, key: "orders/0", error: new Error("no room") }),
    Effect.withSpan("Upload.file", { attributes: { key: "orders/0", partition: -1 } })
  )
})

describe.each(["http/protobuf", "http/json"])("over %s", (protocol) => {
  it.scopedLive("traces, metrics and logs reach the collector before the program ends", () =>
    Effect.gen(function*() {
      const receiver = yield* otlpReceiver
      const lines = yield* under({
        ...to(receiver),
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        OTEL_EXPORTER_OTLP_HEADERS: "x-key=a%20b",
        OTEL_EXPORTER_OTLP_COMPRESSION: protocol === "http/json" ? "gzip" : "none",
        OTEL_RESOURCE_ATTRIBUTES: "service.name=keeper,deployment.environment=a%2Cb"
      }, work)

      assert.sameMembers(receiver.posts.map(({ path }) => path), [
        "/v1/traces",
        "/v1/metrics",
        "/v1/logs"
      ])
      for (const { headers } of receiver.posts) assert.strictEqual(headers["x-key"], "a b")

      const [file, run] = receiver.spans
      assert.deepInclude({ ...file }, {
        name: "Upload.file",
        attributes: { key: "orders/0", partition: -1 },
        parentSpanId: "",
        links: [run?.spanId ?? ""],
        status: 1
      })
      assert.deepInclude({ ...run }, { name: "the-command", parentSpanId: "", links: [] })
      assert.notStrictEqual(file?.traceId, run?.traceId)

      const [log] = receiver.logs
      assert.deepInclude({ ...log }, {
        body: "refused",
        severity: 13,
        severityText: "WARN",
        traceId: file?.traceId ?? "",
        spanId: file?.spanId ?? ""
      })
      assert.deepStrictEqual(log?.attributes, {
        offset: -1001,
        key: "orders/0",
        error: "no room"
      })
      assert.deepInclude({ ...lines[0] }, { trace_id: file?.traceId, span_id: file?.spanId })

      const metrics = receiver.metrics.filter(({ name }) => name.includes("_test_"))
      const told = metrics.map(({ kind, monotonic, name, points, unit }) =>
        `${name} ${unit} ${kind} ${monotonic} ${JSON.stringify(points)}`
      )
      const counted = metrics.find(({ kind }) => kind === "sum")?.points[0]?.value ?? 0
      assert.sameMembers(told.filter((line) => !line.includes("duration")), [
        `kafka_data_keep_test_bytes_total By sum true [{"attributes":{},"value":${counted}}]`,
        "kafka_data_keep_test_seconds s gauge false [{\"attributes\":{\"topic\":\"orders\"},\"value\":1.5}]"
      ])
      assert.isAtLeast(counted, 7)
      assert.include(told.join(), "kafka_data_keep_test_duration  histogram")
      assert.isTrue(receiver.metrics.every(({ name }) => name.startsWith("kafka_data_keep_")))

      for (const { resource } of [...receiver.spans, ...receiver.logs, ...receiver.metrics]) {
        assert.deepInclude(resource, {
          "service.name": "keeper",
          "service.version": "development",
          "deployment.environment": "a,b"
        })
        assert.strictEqual(
          resource["service.instance.id"],
          run?.resource["service.instance.id"]
        )
      }
    }))
})

describe("what is sent", () => {
  it.scopedLive("only the signals that are wanted, at their addresses", () =>
    Effect.gen(function*() {
      const receiver = yield* otlpReceiver
      yield* under({
        OTEL_EXPORTER_OTLP_ENDPOINT: `${receiver.url}/base/`,
        OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: `${receiver.url}/elsewhere/logs?a=b`,
        OTEL_METRICS_EXPORTER: "none"
      }, work)
      assert.sameMembers(receiver.posts.map(({ path }) => path), [
        "/base/v1/traces",
        "/elsewhere/logs?a=b"
      ])
    }))

  it.scopedLive("metrics at their interval, logs and spans in batches of their size", () =>
    Effect.gen(function*() {
      const receiver = yield* otlpReceiver
      const count = (path: string) => receiver.posts.filter((post) => post.path === path).length
      yield* under({
        ...to(receiver),
        OTEL_METRIC_EXPORT_INTERVAL: "50",
        OTEL_BLRP_SCHEDULE_DELAY: "60000",
        OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: "2",
        OTEL_BSP_SCHEDULE_DELAY: "50"
      }, Effect.zipRight(Effect.repeatN(work, 4), until(() => count("/v1/metrics") > 3)))
      assert.strictEqual(count("/v1/logs"), 3)
      assert.strictEqual(receiver.logs.length, 5)
      assert.strictEqual(receiver.spans.length, 6)
    }))

  it.scopedLive("no spans that the sampler leaves out, nor those below them; logs all the same", () =>
    Effect.gen(function*() {
      const receiver = yield* otlpReceiver
      const nested = Effect.withSpan(work, "Outer")
      yield* under({ ...to(receiver), OTEL_TRACES_SAMPLER: "always_off" }, nested)
      assert.deepStrictEqual([receiver.spans.length, receiver.logs.length], [0, 1])
      yield* under({
        ...to(receiver),
        OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
        OTEL_TRACES_SAMPLER_ARG: "0.5"
      }, Effect.repeatN(nested, 199))
      const outer = receiver.spans.filter(({ name }) => name === "Outer")
      const inner = receiver.spans.filter(({ name }) => name === "Upload.file")
      assert.isAbove(outer.length, 50)
      assert.isBelow(outer.length, 150)
      assert.sameMembers(
        inner.map(({ parentSpanId }) => parentSpanId),
        outer.map(({ spanId }) => spanId)
      )
    }))

  it.scopedLive("failures as such, with their message", () =>
    Effect.gen(function*() {
      const receiver = yield* otlpReceiver
      const failing = Effect.withSpan(
        Effect.fail(new NoRoom({ message: "no room" })),
        "Upload.file"
      )
      yield* under(to(receiver), Effect.ignore(failing))
      const [file] = receiver.spans
      assert.deepInclude({ ...file }, { name: "Upload.file", status: 2 })
      assert.hasAllKeys(file?.attributes, ["code.stacktrace"])
    }))

  it.scopedLive("variables that cannot be honoured are one warning each", () =>
    Effect.gen(function*() {
      const receiver = yield* otlpReceiver
      const lines = yield* under({
        ...to(receiver),
        OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
        OTEL_BSP_SCHEDULE_DELAY: "soon"
      }, Effect.void)
      assert.sameMembers(
        lines.map(({ level, msg, value, variable }) => `${level} ${msg} ${variable} ${value}`),
        [
          "WARN variable not honoured OTEL_EXPORTER_OTLP_PROTOCOL grpc",
          "WARN variable not honoured OTEL_BSP_SCHEDULE_DELAY soon"
        ]
      )
    }))
})
