/** The real layer with client certificates, and what it says when they are wrong. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import fs from "node:fs"
import path from "node:path"
import { StackAddresses } from "../../dev/stack/Stack.ts"
import { Kafka } from "../../services/Kafka.ts"
import type { KafkaTlsSettings } from "../../services/KafkaConnections.ts"
import { KafkaLayer } from "../../services/KafkaLayer.ts"
import { settingsFor } from "../support/RealKafka.ts"
import { TlsFiles, TlsStack } from "../support/TlsStack.ts"

const ask = (tls: KafkaTlsSettings) =>
  Effect.flatMap(
    StackAddresses,
    ({ brokers }) =>
      Effect.flatMap(Kafka, (kafka) => kafka.metadata([])).pipe(
        Effect.provide(KafkaLayer(settingsFor(brokers, { tls })))
      )
  )

layer(TlsStack, { excludeTestServices: true, timeout: "5 minutes" })(
  "KafkaLayer with TLS",
  (it) => {
    it.effect("connects with its certificate", () =>
      Effect.gen(function*() {
        const { broker, client } = yield* TlsFiles
        const answer = yield* ask({ ca: broker.cert, cert: client.cert, key: client.key })
        assert.strictEqual(answer.brokers.length, 1)
      }))

    it.effect("says TLS_FAILED and why when a certificate is missing, wrong or unreadable", () =>
      Effect.gen(function*() {
        const { broker, client, directory, stranger } = yield* TlsFiles
        const own = { cert: client.cert, key: client.key }
        const garbage = path.join(directory, "garbage")
        fs.writeFileSync(garbage, "garbage")
        const cases: ReadonlyArray<readonly [KafkaTlsSettings, RegExp]> = [
          [{ ca: broker.cert }, /certificate|alert/i],
          [{ ca: broker.cert, cert: stranger.cert, key: stranger.key }, /certificate|alert/i],
          [{ ca: stranger.cert, ...own }, /self-signed certificate/],
          [{ ...own }, /self-signed certificate/],
          [{ ca: path.join(directory, "missing"), ...own }, /ca file cannot be read/],
          [{ ca: broker.cert, cert: client.cert, key: garbage }, /PEM|DECODER|key/],
          [{ ca: broker.cert, cert: client.cert, key: stranger.key }, /key values mismatch/]
        ]
        for (const [tls, text] of cases) {
          const error = yield* Effect.flip(ask(tls))
          assert.strictEqual(error.reason, "TLS_FAILED", error.message)
          assert.match(error.message, text)
          assert.match(error.message, /127\.0\.0\.1:\d+/)
        }
      }))

    it.effect("reads its files again at every connect", () =>
      Effect.gen(function*() {
        const { broker, client, directory, stranger } = yield* TlsFiles
        const ca = path.join(directory, "changing.crt")
        const tls = { ca, cert: client.cert, key: client.key }
        const { brokers } = yield* StackAddresses
        yield* Effect.gen(function*() {
          const kafka = yield* Kafka
          fs.copyFileSync(stranger.cert, ca)
          assert.strictEqual((yield* Effect.flip(kafka.metadata([]))).reason, "TLS_FAILED")
          fs.copyFileSync(broker.cert, ca)
          assert.strictEqual((yield* kafka.metadata([])).brokers.length, 1)
        }).pipe(Effect.provide(KafkaLayer(settingsFor(brokers, { tls }))))
      }))
  }
)
