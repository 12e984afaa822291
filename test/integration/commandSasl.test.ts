/** The backup's command line against a broker that wants a login over TLS. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import fs from "node:fs"
import { TruthLayer } from "../../dev/truth/TruthLayer.ts"
import { archiveDifferences } from "../support/ArchiveWitness.ts"
import { quietBackup } from "../support/BufferedBackup.ts"
import type { Workplace } from "../support/CommandLine.ts"
import { BundleLayer, workplace } from "../support/CommandLine.ts"
import { plainLogin, SaslStack, scramLogin, ServerCertificate } from "../support/SaslStack.ts"

const Live = Layer.mergeAll(TruthLayer, BundleLayer("command-sasl")).pipe(
  Layer.provideMerge(SaslStack)
)

type Flags = ReadonlyArray<string>

const login = (mechanism: string, username: string): Flags => [
  "--kafka-sasl-mechanism",
  mechanism,
  "--kafka-sasl-username",
  username
]

/** Backs up once; fails unless it ends in time. */
const attempt = (
  place: Workplace,
  args: Flags,
  flags: Flags,
  environment: Readonly<Record<string, string>> = {}
) => Effect.timeout(place.finish([...args, "--once", ...flags], environment), "30 seconds")

layer(Live, { excludeTestServices: true, timeout: "5 minutes" })("a command with SASL", (it) => {
  it.scoped(
    "backs up by every mechanism, with a password of each kind",
    () =>
      Effect.gen(function*() {
        const { cert } = yield* ServerCertificate
        const tls = ["--kafka-tls", "-kafka-mtls-ca-cert-path", cert]
        const place = yield* workplace
        const { args, names, produce } = yield* quietBackup(place)
        const plainFile = place.file("plain")
        fs.writeFileSync(plainFile, `${plainLogin.password}\n`)
        const scram = (mechanism: string) => [
          ...login(mechanism, scramLogin.username),
          "--kafka-sasl-password",
          scramLogin.password
        ]
        const plain = login("PLAIN", plainLogin.username)
        const ways: ReadonlyArray<readonly [Flags, Readonly<Record<string, string>>]> = [
          [[...tls, ...plain, "--kafka-sasl-password", plainLogin.password], {}],
          [[...tls, ...plain, "--kafka-sasl-password-file", plainFile], {}],
          [[...tls, ...plain], { KAFKA_SASL_PASSWORD: plainLogin.password }],
          [[...tls, ...scram("SCRAM-SHA-256")], {}],
          // What the system trusts, Node's own way to say it.
          [["--kafka-tls", ...scram("SCRAM-SHA-512")], { NODE_EXTRA_CA_CERTS: cert }]
        ]
        for (const [flags, environment] of ways) {
          yield* produce
          const { code, stderr } = yield* attempt(place, args, flags, environment)
          assert.strictEqual(code, 0, stderr)
          assert.notInclude(stderr, "secret")
          assert.deepStrictEqual(yield* archiveDifferences(place.prefix, names), [])
        }
      }),
    180_000
  )

  it.scoped("says in one sentence what is wrong, and exits with 1", () =>
    Effect.gen(function*() {
      const { cert } = yield* ServerCertificate
      const tls = ["--kafka-tls", "-kafka-mtls-ca-cert-path", cert]
      const place = yield* workplace
      const { args } = yield* quietBackup(place)
      const right = ["--kafka-sasl-password", plainLogin.password]
      const plain = login("PLAIN", plainLogin.username)
      const cases: ReadonlyArray<readonly [Flags, RegExp]> = [
        [
          [...tls, ...plain, "--kafka-sasl-password", "open sesame"],
          /refuses the login.*authentication failed/i
        ],
        [
          [...tls, ...login("SCRAM-SHA-512", "bea"), "--kafka-sasl-password", "open sesame"],
          /refuses the login.*authentication failed/i
        ],
        [
          [...tls, ...plain, "--kafka-sasl-password-file", place.file("absent")],
          /password file cannot be read/
        ],
        [["--kafka-tls", ...plain, ...right], /with TLS.*self-signed certificate/],
        [[...plain, ...right], /expect TLS/],
        [tls, /expect SASL/]
      ]
      for (const [flags, text] of cases) {
        const { code, stderr } = yield* attempt(place, args, flags)
        const errors = stderr.split("\n").filter((line) => line.includes("\"level\":\"ERROR\""))
        assert.deepStrictEqual([code, errors.length], [1, 1], stderr)
        assert.match(errors[0] ?? "", text, errors[0])
        assert.match(errors[0] ?? "", /127\.0\.0\.1:\d+/)
        assert.notInclude(stderr, "sesame")
      }
    }), 180_000)
})
