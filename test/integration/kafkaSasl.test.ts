/** The real layer with SASL over TLS, and what it says when that goes wrong. */
import { assert, layer } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import fs from "node:fs"
import path from "node:path"
import { StackAddresses } from "../../dev/stack/Stack.ts"
import { Kafka } from "../../services/Kafka.ts"
import type { KafkaSettings } from "../../services/KafkaConnections.ts"
import { KafkaLayer } from "../../services/KafkaLayer.ts"
import { batchOf, createTopic, leaderOf } from "../support/contract/Fixtures.ts"
import { settingsFor } from "../support/RealKafka.ts"
import {
  plainUser,
  SaslStack,
  scramUser,
  ServerCertificate,
  sessionMs
} from "../support/SaslStack.ts"

/** One request by a client of its own. */
const ask = (changes: Partial<KafkaSettings>) =>
  Effect.gen(function*() {
    const { brokers } = yield* StackAddresses
    const { cert } = yield* ServerCertificate
    const settings = settingsFor(brokers, { tls: { ca: cert }, ...changes })
    const metadata = Effect.flatMap(Kafka, (kafka) => kafka.metadata([]))
    return yield* Effect.provide(metadata, KafkaLayer(settings))
  })

const failure = (changes: Partial<KafkaSettings>) => Effect.flip(ask(changes))

layer(SaslStack, { excludeTestServices: true, timeout: "5 minutes" })(
  "KafkaLayer with SASL",
  (it) => {
    it.effect("logs in by every mechanism", () =>
      Effect.gen(function*() {
        for (const sasl of [plainUser, scramUser("SCRAM-SHA-256"), scramUser("SCRAM-SHA-512")]) {
          assert.strictEqual((yield* ask({ sasl })).brokers.length, 1)
        }
      }))

    it.effect("reads the password file at every connect", () =>
      Effect.gen(function*() {
        const { directory } = yield* ServerCertificate
        const file = path.join(directory, "password")
        const sasl = { ...plainUser, password: { file } }
        assert.match((yield* failure({ sasl })).message, /password file cannot be read/)
        fs.writeFileSync(file, "wrong\n")
        assert.strictEqual((yield* failure({ sasl })).reason, "SASL_AUTHENTICATION_FAILED")
        fs.writeFileSync(file, "plain secret\n")
        assert.strictEqual((yield* ask({ sasl })).brokers.length, 1)
      }))

    it.effect("says what is wrong with the credentials, and does not show them", () =>
      Effect.gen(function*() {
        const wrong = { ...plainUser, password: Redacted.make("open sesame") }
        for (const sasl of [wrong, scramUser("SCRAM-SHA-512", "open sesame")]) {
          const error = yield* failure({ sasl })
          assert.strictEqual(error.reason, "SASL_AUTHENTICATION_FAILED")
          assert.match(error.message, /127\.0\.0\.1:\d+/)
          assert.notMatch(error.message, /sesame/)
        }
      }))

    it.effect("says when the listener expects something else", () =>
      Effect.gen(function*() {
        const noSasl = yield* failure({})
        assert.strictEqual(noSasl.reason, "CONNECTION_FAILED")
        assert.match(noSasl.message, /expect SASL/)
        const noTls = yield* failure({ tls: undefined, sasl: plainUser })
        assert.strictEqual(noTls.reason, "CONNECTION_FAILED")
        assert.match(noTls.message, /expect TLS/)
        const { internalBrokers } = yield* StackAddresses
        const brokers = internalBrokers.split(",")
        const plain = yield* failure({ brokers, tls: undefined, sasl: plainUser })
        assert.strictEqual(plain.reason, "SASL_AUTHENTICATION_FAILED")
        assert.strictEqual((yield* failure({ brokers, sasl: plainUser })).reason, "TLS_FAILED")
      }))

    it.effect(
      "renews its login while requests go on, in their order",
      () =>
        Effect.gen(function*() {
          const { brokers } = yield* StackAddresses
          const { cert } = yield* ServerCertificate
          const settings = settingsFor(brokers, { tls: { ca: cert }, sasl: plainUser })
          yield* Effect.gen(function*() {
            const kafka = yield* Kafka
            const source = { topic: yield* createTopic(), partition: 0 }
            const broker = yield* leaderOf(source)
            const { epoch, producerId } = yield* kafka.initProducerId
            const started = Date.now()
            for (let round = 0; Date.now() - started < sessionMs + 1000; round++) {
              yield* Effect.forEach([0, 1, 2, 3, 4], (index) => {
                const baseSequence = round * 5 + index
                const batch = batchOf(["x"], { producerId, producerEpoch: epoch, baseSequence })
                return kafka.produce({ ...source, broker, batch, timeoutMs: 10_000 })
              }, { concurrency: 5 })
            }
          }).pipe(Effect.provide(KafkaLayer(settings)))
        }),
      60_000
    )
  }
)
