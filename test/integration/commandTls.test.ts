/** The backup's command line against a broker that wants a client certificate. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import fs from "node:fs"
import { Stack } from "../../dev/stack/Stack.ts"
import { TruthLayer } from "../../dev/truth/TruthLayer.ts"
import { archiveDifferences } from "../support/ArchiveWitness.ts"
import { hasBuffered, quietBackup } from "../support/BufferedBackup.ts"
import type { Certificate } from "../support/Certificates.ts"
import type { Workplace } from "../support/CommandLine.ts"
import { BundleLayer, workplace } from "../support/CommandLine.ts"
import { TlsFiles, TlsStack } from "../support/TlsStack.ts"

const Live = Layer.mergeAll(TruthLayer, BundleLayer("command-tls")).pipe(
  Layer.provideMerge(TlsStack)
)

const mutual = (place: Workplace) => [
  "-kafka-mtls-auth",
  "-kafka-mtls-ca-cert-path",
  place.file("ca.crt"),
  "-kafka-mtls-client-cert-path",
  place.file("tls.crt"),
  "-kafka-mtls-client-key-path",
  place.file("tls.key")
]

/** Puts the files where the flags say. */
const install = (place: Workplace, ca: Certificate, own: Certificate) => {
  fs.copyFileSync(ca.cert, place.file("ca.crt"))
  fs.copyFileSync(own.cert, place.file("tls.crt"))
  fs.copyFileSync(own.key, place.file("tls.key"))
}

layer(Live, { excludeTestServices: true, timeout: "5 minutes" })("a command with TLS", (it) => {
  it.scoped(
    "backs up with its certificate, and goes on with a renewed one",
    () =>
      Effect.gen(function*() {
        const stack = yield* Stack
        const { broker, client, stranger } = yield* TlsFiles
        const place = yield* workplace
        const { args, names, produce } = yield* quietBackup(place)
        install(place, broker, client)
        const backup = yield* place.run([...args, ...mutual(place), "--flush-on-exit"])
        yield* hasBuffered(backup, yield* produce)

        install(place, broker, stranger)
        yield* stack.restartKafka
        yield* produce
        yield* backup.until(
          "nobody refuses its certificate",
          Effect.sync(() => backup.log().some(({ error }) => String(error).includes("TLS_FAILED")))
        )
        assert.strictEqual(yield* backup.metric("kafka_data_keep_buffered_records_total"), 30)

        install(place, broker, client)
        yield* hasBuffered(backup, 60)
        assert.strictEqual((yield* backup.stop("SIGTERM")).code, 0)
        assert.deepStrictEqual(yield* archiveDifferences(place.prefix, names), [])
      }),
    180_000
  )

  it.scoped("says in one sentence what is wrong, and exits with 1", () =>
    Effect.gen(function*() {
      const { broker, client, stranger } = yield* TlsFiles
      const place = yield* workplace
      const { args } = yield* quietBackup(place)
      const attempt = (flags: ReadonlyArray<string>) =>
        Effect.timeout(place.finish([...args, "--once", ...flags]), "30 seconds")
      const cases: ReadonlyArray<
        readonly [Certificate, Certificate, ReadonlyArray<string>, RegExp]
      > = [
        [broker, stranger, mutual(place), /with TLS.*certificate/],
        [stranger, client, mutual(place), /with TLS.*self-signed certificate/],
        [broker, client, ["--kafka-tls"], /with TLS.*self-signed certificate/],
        [
          broker,
          client,
          ["--kafka-tls", "-kafka-mtls-ca-cert-path", broker.cert],
          /with TLS.*certificate/
        ]
      ]
      for (const [ca, own, flags, text] of cases) {
        install(place, ca, own)
        const { code, stderr } = yield* attempt(flags)
        const errors = stderr.split("\n").filter((line) => line.includes("\"level\":\"ERROR\""))
        assert.deepStrictEqual([code, errors.length], [1, 1], stderr)
        assert.match(errors[0] ?? "", text, errors[0])
        assert.match(errors[0] ?? "", /127\.0\.0\.1:\d+/)
      }
    }), 180_000)
})
