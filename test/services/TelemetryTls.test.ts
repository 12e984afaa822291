import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { certificate, temporaryDirectory } from "../support/Certificates.ts"
import { otlpReceiverWith } from "../support/OtlpReceiver.ts"
import { to, under } from "../support/UnderTelemetry.ts"

const work = Effect.logInfo("file uploaded")

const received = Effect.fnUntraced(function*() {
  const directory = yield* temporaryDirectory
  const server = yield* certificate(directory, "collector")
  const client = yield* certificate(directory, "keeper")
  const receiver = yield* otlpReceiverWith({
    cert: readFileSync(server.cert),
    key: readFileSync(server.key),
    ca: readFileSync(client.cert),
    requestCert: true
  })
  return { client, directory, receiver, server }
})

it.scopedLive(
  "a collector is checked against the certificate given, and sees the client's",
  () =>
    Effect.gen(function*() {
      const { client, receiver, server } = yield* received()
      const lines = yield* under({
        ...to(receiver),
        OTEL_EXPORTER_OTLP_CERTIFICATE: server.cert,
        OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: client.cert,
        OTEL_EXPORTER_OTLP_CLIENT_KEY: client.key
      }, work)
      assert.deepStrictEqual(lines.map(({ msg }) => msg), ["file uploaded"])
      assert.deepStrictEqual(receiver.logs.map(({ body }) => body), ["file uploaded"])
    }),
  30_000
)

it.scopedLive(
  "a collector that is not trusted, and files that are missing, are a warning",
  () =>
    Effect.gen(function*() {
      const { client, directory, receiver } = yield* received()
      const reason = (env: Readonly<Record<string, string>>) =>
        Effect.map(under({ ...to(receiver), ...env }, work), (lines) => {
          const errors = lines.filter(({ level }) => level === "WARN").map(({ error }) => error)
          assert.strictEqual(errors.length, 1)
          return String(errors[0])
        })
      const missing = `${directory}/none`
      assert.include(yield* reason({}), "self-signed certificate")
      assert.include(yield* reason({ OTEL_EXPORTER_OTLP_CERTIFICATE: client.cert }), "certificate")
      assert.include(yield* reason({ OTEL_EXPORTER_OTLP_CERTIFICATE: missing }), "ENOENT")
      assert.deepStrictEqual(receiver.logs, [])
    }),
  30_000
)
