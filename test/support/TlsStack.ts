/** A local stack whose listener for clients wants TLS with a client certificate that it trusts. */
import { Context, Effect, Layer } from "effect"
import { StackLayer } from "../../dev/stack/Stack.ts"
import type { Certificate } from "./Certificates.ts"
import { certificate, temporaryDirectory } from "./Certificates.ts"

export class TlsFiles extends Context.Tag("test/TlsFiles")<TlsFiles, {
  readonly directory: string
  readonly broker: Certificate
  /** The one that the broker trusts. */
  readonly client: Certificate
  readonly stranger: Certificate
}>() {}

export const TlsStack = Layer.unwrapScoped(Effect.gen(function*() {
  const directory = yield* temporaryDirectory
  const broker = yield* certificate(directory, "broker")
  const client = yield* certificate(directory, "client")
  const stranger = yield* certificate(directory, "stranger")
  const stack = StackLayer({
    security: "SSL",
    brokerConfig: {
      "ssl.keystore.type": "PEM",
      "ssl.keystore.location": broker.both,
      "ssl.truststore.type": "PEM",
      "ssl.truststore.location": client.cert,
      "ssl.client.auth": "required"
    }
  })
  return Layer.merge(stack, Layer.succeed(TlsFiles, { directory, broker, client, stranger }))
}))
