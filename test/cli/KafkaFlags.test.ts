import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { given, problemsOf } from "./TestProgram.ts"

const sasl = ["--kafka-sasl-mechanism", "scram-sha-512", "--kafka-sasl-username", "keeper"]

describe("brokers", () => {
  it.effect("a name with an SRV record beats the list", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual((yield* given([])).kafka.brokers, ["localhost:9092"])
      const named = yield* given(["-brokersDNSSrv", "kafka.example.org", "-brokers", "a:1"])
      assert.deepStrictEqual(named.kafka.brokers, { srvName: "kafka.example.org" })
    }))

  it.effect("addresses are checked", () =>
    Effect.gen(function*() {
      const { kafka } = yield* given(["-brokers", "[::1]:9093,10.0.0.1"])
      assert.deepStrictEqual(kafka.brokers, ["[::1]:9093", "10.0.0.1:9092"])
      for (const brokers of ["a:b", "a:70000", "http://a:1", "a b"]) {
        assert.include(
          (yield* problemsOf(["-brokers", brokers]))[0],
          "for -brokers [env KAFKA_BROKERS]"
        )
      }
      assert.include((yield* problemsOf([], { KAFKA_BROKERS: "" }))[0], "no brokers given")
    }))
})

describe("TLS", () => {
  it.effect("with a client certificate, without, and with an authority of one's own", () =>
    Effect.gen(function*() {
      assert.isUndefined((yield* given([])).kafka.tls)
      assert.deepStrictEqual((yield* given(["--kafka-tls"])).kafka.tls, {})
      const own = yield* given(["--kafka-tls", "-kafka-mtls-ca-cert-path", "/ca.pem"])
      assert.deepStrictEqual(own.kafka.tls, { ca: "/ca.pem" })
      const mutual = yield* given(["-kafka-mtls-auth"], { KAFKA_MTLS_CLIENT_KEY_PATH: "/key.pem" })
      assert.deepStrictEqual(mutual.kafka.tls, {
        ca: "/certs/ca.crt",
        cert: "/certs/tls.crt",
        key: "/key.pem"
      })
    }))
})

describe("SASL", () => {
  it.effect("takes a password, which does not show, or a file with it", () =>
    Effect.gen(function*() {
      const { kafka } = yield* given(sasl, { KAFKA_SASL_PASSWORD: "secret" })
      assert.notInclude(JSON.stringify(kafka), "secret")
      assert.strictEqual(kafka.sasl?.mechanism, "SCRAM-SHA-512")
      const password = kafka.sasl?.password
      assert.strictEqual(Redacted.isRedacted(password) ? Redacted.value(password) : "", "secret")
      const fromFile = yield* given([...sasl, "--kafka-sasl-password-file", "/run/password"])
      assert.deepStrictEqual(fromFile.kafka.sasl?.password, { file: "/run/password" })
    }))

  it.effect("is all or nothing", () =>
    Effect.gen(function*() {
      assert.include((yield* problemsOf(sasl))[0], "needs one of -kafka-sasl-password and")
      const twice = [...sasl, "--kafka-sasl-password", "a", "--kafka-sasl-password-file", "/b"]
      assert.include((yield* problemsOf(twice))[0], "needs one of")
      assert.include(
        (yield* problemsOf(["--kafka-sasl-username", "a"]))[0],
        "without -kafka-sasl-mechanism"
      )
      assert.include(
        (yield* problemsOf(["--kafka-sasl-mechanism", "PLAIN"]))[0],
        "needs -kafka-sasl-username"
      )
      assert.include(
        (yield* problemsOf(["--kafka-sasl-mechanism", "GSSAPI"]))[0],
        "expected one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512"
      )
    }))
})
