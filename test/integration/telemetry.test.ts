/** What a collector gets from the built program. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TruthLayer } from "../../dev/truth/TruthLayer.ts"
import { quietBackup } from "../support/BufferedBackup.ts"
import { BundleLayer, workplace } from "../support/CommandLine.ts"
import { otlpReceiver } from "../support/OtlpReceiver.ts"
import { SharedStack } from "../support/SharedStack.ts"

const Live = Layer.mergeAll(TruthLayer, BundleLayer("telemetry")).pipe(
  Layer.provideMerge(SharedStack)
)

const prefix = "kafka_data_keep_"

layer(Live, { excludeTestServices: true, timeout: "5 minutes" })("a collector", (it) => {
  it.scoped(
    "gets the spans, the metrics and the log lines of a backup, its last ones too",
    () =>
      Effect.gen(function*() {
        const place = yield* workplace
        const receiver = yield* otlpReceiver
        const { args, produce } = yield* quietBackup(place)
        const records = yield* produce
        const { code, stderr } = yield* place.finish([...args, "--once"], {
          OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url
        })
        assert.strictEqual(code, 0, stderr)

        const named = (name: string) => receiver.spans.filter((span) => span.name === name)
        assert.strictEqual(named("BackupTopics.upload").length, 3)
        const [run] = named("topics-backup")
        for (const upload of named("BackupTopics.upload")) {
          assert.deepStrictEqual(upload.links, [run?.spanId ?? ""])
        }

        const sum = (name: string) =>
          receiver.metrics.filter((metric) => metric.name === `${prefix}${name}`).at(-1)?.points
            .reduce((total, { value }) => total + value, 0)
        assert.strictEqual(sum("archived_records_total"), records)
        assert.strictEqual(sum("uploads_total"), 3)
        assert.strictEqual(sum("upload_duration_seconds"), 3)
        assert.isTrue(receiver.metrics.every(({ name }) => name.startsWith(prefix)))

        const lines = stderr.split("\n").filter((line) => line.startsWith("{"))
        const messages = lines.map((line): unknown => JSON.parse(line).msg)
        assert.sameMembers(receiver.logs.map(({ body }) => body), messages)
        assert.includeMembers(messages, ["topics-backup starts", "the backup is complete"])
        const spans = new Set(receiver.spans.map(({ spanId, traceId }) => `${traceId} ${spanId}`))
        const elsewhere = receiver.logs.filter(({ spanId, traceId }) =>
          !spans.has(`${traceId} ${spanId}`)
        )
        assert.deepStrictEqual(elsewhere, [])
        const archived = receiver.logs.filter(({ body }) => body === "archived")
        assert.sameMembers(
          archived.map(({ spanId }) => spanId),
          named("BackupTopics.upload").map(({ spanId }) => spanId)
        )
      }),
    120_000
  )

  it.scoped("gets the reason of a failure", () =>
    Effect.gen(function*() {
      const place = yield* workplace
      const receiver = yield* otlpReceiver
      const { args } = yield* quietBackup(place)
      const { code } = yield* place.finish([...args, "-s3-bucket", "nobody-has-this"], {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/json"
      })
      assert.strictEqual(code, 1)
      const failure = receiver.logs.find(({ severityText }) => severityText === "ERROR")
      assert.strictEqual(failure?.body, "topics-backup failed")
      assert.include(String(failure?.attributes["error"]), "there is no bucket")
      const [run] = receiver.spans
      assert.deepInclude({ ...run }, { name: "topics-backup", status: 2 })
      assert.strictEqual(failure?.traceId, run?.traceId)
    }), 120_000)

  it.scoped("gets the last lines of a backup that is stopped", () =>
    Effect.gen(function*() {
      const place = yield* workplace
      const receiver = yield* otlpReceiver
      const { args } = yield* quietBackup(place)
      const backup = yield* place.run(args, {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_BLRP_SCHEDULE_DELAY: "60000"
      })
      yield* backup.said("topics-backup starts")
      const { code } = yield* backup.stop("SIGTERM")
      assert.strictEqual(code, 0)
      assert.include(receiver.logs.map(({ body }) => body), "topics-backup is stopped")
      assert.include(receiver.spans.map(({ name }) => name), "topics-backup")
    }), 120_000)

  it.scoped("that is away costs a warning", () =>
    Effect.gen(function*() {
      const place = yield* workplace
      const receiver = yield* otlpReceiver
      yield* receiver.leave
      const { args, produce } = yield* quietBackup(place)
      yield* produce
      const { code, stderr } = yield* place.finish([...args, "--once"], {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url
      })
      assert.strictEqual(code, 0, stderr)
      const warnings = stderr.split("\n").filter((line) =>
        line.includes("telemetry cannot be sent")
      )
      assert.strictEqual(warnings.length, 1, stderr)
      assert.include(warnings[0], "\"level\":\"WARN\"")
      assert.include(stderr, "the backup is complete")
    }), 120_000)
})
