/** A local stack whose listener for clients speaks SASL over TLS, with users for each mechanism. */
import { Context, Effect, Layer, Redacted } from "effect"
import { StackAddresses, StackLayer } from "../../dev/stack/Stack.ts"
import { runTool } from "../../dev/stack/Tool.ts"
import type { KafkaSaslSettings } from "../../services/KafkaConnections.ts"
import type { Certificate } from "./Certificates.ts"
import { certificate, temporaryDirectory } from "./Certificates.ts"

export class ServerCertificate extends Context.Tag("test/ServerCertificate")<
  ServerCertificate,
  Certificate & { readonly directory: string }
>() {}

/** kafkajs renews a session ten seconds before its end: here every second. */
export const sessionMs = 11_000

/** For every mechanism of its kind. */
export const plainLogin = { username: "ann", password: "plain secret" }
export const scramLogin = { username: "bea", password: "scram secret" }

export const plainUser: KafkaSaslSettings = {
  mechanism: "PLAIN",
  username: plainLogin.username,
  password: Redacted.make(plainLogin.password)
}

export const scramUser = (
  mechanism: "SCRAM-SHA-256" | "SCRAM-SHA-512",
  secret = scramLogin.password
): KafkaSaslSettings => ({
  mechanism,
  username: scramLogin.username,
  password: Redacted.make(secret)
})

const addScramUser = (mechanism: string) =>
  Effect.flatMap(StackAddresses, ({ internalBrokers, libs }) => {
    const classPath = ["-cp", `${libs}/*`, "kafka.admin.ConfigCommand"]
    const server = ["--bootstrap-server", internalBrokers]
    const user = ["--entity-type", "users", "--entity-name", scramLogin.username]
    const credential = `${mechanism}=[iterations=8192,password=${scramLogin.password}]`
    const change = ["--alter", "--add-config", credential]
    return runTool("add a user", "java", [...classPath, ...server, ...user, ...change])
  })

const scramUsers = Layer.effectDiscard(
  Effect.forEach(["SCRAM-SHA-256", "SCRAM-SHA-512"], addScramUser, { concurrency: 2 })
)

const scramModule = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
const plainModule = "org.apache.kafka.common.security.plain.PlainLoginModule required"

export const SaslStack = Layer.unwrapScoped(Effect.gen(function*() {
  const directory = yield* temporaryDirectory
  const server = { ...yield* certificate(directory, "broker"), directory }
  const stack = StackLayer({
    security: "SASL_SSL",
    brokerConfig: {
      "ssl.keystore.type": "PEM",
      "ssl.keystore.location": server.both,
      "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
      "listener.name.client.plain.sasl.jaas.config":
        `${plainModule} user_${plainLogin.username}="${plainLogin.password}";`,
      "listener.name.client.scram-sha-256.sasl.jaas.config": scramModule,
      "listener.name.client.scram-sha-512.sasl.jaas.config": scramModule,
      "connections.max.reauth.ms": String(sessionMs)
    }
  })
  return Layer.merge(
    Layer.provideMerge(scramUsers, stack),
    Layer.succeed(ServerCertificate, server)
  )
}))
