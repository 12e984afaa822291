/** A local stack as production has it: TLS, a login, and rights for nobody who was not given any. */
import { Context, Effect, Layer } from "effect"
import { certificate, temporaryDirectory } from "../../test/support/Certificates.ts"
import type { StackOptions } from "./Stack.ts"
import { StackLayer } from "./Stack.ts"

export interface SecureAccess {
  /** PEM file with the authority that signed the brokers' certificate. */
  readonly ca: string
  /** May nothing until ACLs say otherwise. */
  readonly username: string
  readonly password: string
}

export class Secure extends Context.Tag("kafka-data-keep/dev/Secure")<Secure, SecureAccess>() {}

const username = "keeper"
const password = "keeper-secret"

const loginModule = "org.apache.kafka.common.security.plain.PlainLoginModule required"

/** SASL_SSL with PLAIN for clients. The stack's own plain listener may do everything. */
export const SecureStackLayer = (options: StackOptions) =>
  Layer.unwrapScoped(Effect.gen(function*() {
    const broker = yield* certificate(yield* temporaryDirectory, "broker")
    const stack = StackLayer({
      ...options,
      security: "SASL_SSL",
      brokerConfig: {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": broker.both,
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.client.plain.sasl.jaas.config":
          `${loginModule} user_${username}="${password}";`,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        // Whoever comes without a login: brokers among themselves, and the stack's own tools.
        "super.users": "User:ANONYMOUS"
      }
    })
    return Layer.merge(stack, Layer.succeed(Secure, { ca: broker.cert, username, password }))
  }))
