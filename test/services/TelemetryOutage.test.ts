import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { otlpReceiver } from "../support/OtlpReceiver.ts"
import type { Line } from "../support/UnderTelemetry.ts"
import { to, under, until } from "../support/UnderTelemetry.ts"

const work = Effect.withSpan(Effect.logInfo("file uploaded"), "Upload.file")

const about = (lines: ReadonlyArray<Line>): ReadonlyArray<string> =>
  lines.map(({ level, msg }) => `${level} ${msg}`).filter((line) => line.includes("telemetry"))

/** Everything at once, so that failures come soon. */
const eager = {
  OTEL_BLRP_SCHEDULE_DELAY: "10",
  OTEL_BSP_SCHEDULE_DELAY: "10",
  OTEL_METRIC_EXPORT_INTERVAL: "10"
}

const warning = "WARN telemetry cannot be sent"

describe("a collector that", () => {
  it.scopedLive("is away costs one warning", () =>
    Effect.gen(function*() {
      const receiver = yield* otlpReceiver
      yield* receiver.leave
      const [time, lines] = yield* Effect.timed(under(to(receiver), work))
      assert.deepStrictEqual(about(lines), [warning])
      const told = lines.find(({ level }) => level === "WARN")
      assert.include(String(told?.["error"]), "ECONNREFUSED")
      assert.include(String(told?.["url"]), receiver.url)
      assert.isBelow(Duration.toMillis(time), 1_000)
    }))

  it.scopedLive("does not answer costs a second at the end", () =>
    Effect.gen(function*() {
      const receiver = yield* otlpReceiver
      receiver.answer(0)
      const [time] = yield* Effect.timed(under(to(receiver), work))
      assert.isBelow(Duration.toMillis(time), 1_500)
      const env = { ...to(receiver), ...eager, OTEL_EXPORTER_OTLP_TIMEOUT: "50" }
      const lines = yield* under(env, Effect.zipRight(work, Effect.sleep("300 millis")))
      assert.deepStrictEqual(about(lines), [warning])
      assert.include(JSON.stringify(lines), "no answer within 50 ms")
    }))

  it.scopedLive("comes back gets what waited, and one line says so", () =>
    Effect.gen(function*() {
      const receiver = yield* otlpReceiver
      yield* receiver.leave
      const lines: Array<Line> = []
      yield* under(
        { ...to(receiver), ...eager },
        Effect.gen(function*() {
          yield* work
          yield* until(() => about(lines).length === 1)
          yield* receiver.comeBack
          yield* work
          yield* until(() => about(lines).length === 2)
        }),
        lines
      )
      assert.deepStrictEqual(about(lines), [warning, "INFO telemetry is sent again"])
      const names = receiver.spans.map(({ name }) => name)
      assert.sameMembers(names, ["Upload.file", "Upload.file", "the-command"])
      assert.deepStrictEqual(receiver.logs.map(({ body }) => body), [
        "file uploaded",
        "file uploaded"
      ])
      assert.include(receiver.posts.map(({ path }) => path), "/v1/metrics")
    }))

  it.scopedLive("has no room now is asked again, and the oldest batches go", () =>
    Effect.gen(function*() {
      const receiver = yield* otlpReceiver
      receiver.answer(503)
      const lines: Array<Line> = []
      yield* under(
        {
          ...to(receiver),
          OTEL_TRACES_EXPORTER: "none",
          OTEL_METRICS_EXPORTER: "none",
          OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: "1",
          OTEL_BLRP_MAX_QUEUE_SIZE: "3"
        },
        Effect.gen(function*() {
          yield* Effect.logInfo("0")
          yield* until(() => about(lines).length === 1)
          for (const message of ["1", "2", "3", "4", "5"]) {
            yield* Effect.logInfo(message)
            yield* Effect.sleep("20 millis")
          }
          receiver.answer(200)
          yield* until(() => about(lines).length === 2)
        }),
        lines
      )
      assert.deepStrictEqual(receiver.logs.map(({ body }) => body), ["0", "3", "4", "5"])
      assert.deepInclude({ ...lines.at(-1) }, { msg: "telemetry is sent again", lostBatches: 2 })
    }))

  it.scopedLive("refuses is not asked again for the same, and each address is named once", () =>
    Effect.gen(function*() {
      const receiver = yield* otlpReceiver
      receiver.answer(404)
      const env = { ...to(receiver), ...eager, OTEL_TRACES_EXPORTER: "none" }
      const lines = yield* under(
        env,
        Effect.zipRight(work, until(() => receiver.posts.length > 10))
      )
      assert.deepStrictEqual(about(lines), [warning, warning])
      assert.sameMembers(
        lines.filter(({ level }) => level === "WARN").map(({ error, url }) => `${url} ${error}`),
        ["metrics", "logs"].map((signal) =>
          `${receiver.url}/v1/${signal} the collector answers 404`
        )
      )
      assert.strictEqual(receiver.posts.filter(({ path }) => path === "/v1/logs").length, 1)
    }))

  it.scopedLive("is not wanted is not looked for", () =>
    Effect.gen(function*() {
      const receiver = yield* otlpReceiver
      assert.strictEqual((yield* under({}, work)).length, 1)
      yield* under({ ...to(receiver), OTEL_SDK_DISABLED: "true" }, work)
      assert.deepStrictEqual(receiver.posts, [])
    }))
})
