/** The addresses of the stack that all integration tests of a run share. */
import { Effect, Layer, Schema } from "effect"
import { randomBytes } from "node:crypto"
import { inject } from "vitest"
import { StackAddresses, StackLayer } from "../../dev/stack/Stack.ts"
import { StackError } from "../../dev/stack/StackError.ts"

const Answer = Schema.parseJson(Schema.Struct({
  brokers: Schema.String,
  internalBrokers: Schema.String,
  clusterId: Schema.String,
  kafkaVersion: Schema.String,
  s3: Schema.Struct({
    endpoint: Schema.String,
    region: Schema.String,
    accessKey: Schema.String,
    secretKey: Schema.String,
    bucket: Schema.String
  }),
  libs: Schema.String
}))

const failed = (cause: unknown) => new StackError({ step: "start the shared stack", cause })

const ask = (url: string) =>
  Effect.tryPromise({
    try: async () => {
      const response = await fetch(url)
      const body = await response.text()
      if (!response.ok) throw new Error(body)
      return body
    },
    catch: failed
  }).pipe(Effect.flatMap(Schema.decode(Answer)), Effect.mapError(failed))

/**
 * Nobody may stop or pause these servers, and every topic, group and key prefix in them has to
 * be unique. A test that breaks servers uses a `StackLayer` of its own. In a run without the
 * global set-up the test file gets its own stack.
 */
export const SharedStack: Layer.Layer<StackAddresses, StackError> = Layer.unwrapEffect(
  Effect.sync(() => {
    const url: string | undefined = inject("stackUrl")
    return url === undefined ? StackLayer() : Layer.effect(StackAddresses, ask(url))
  })
)

/** A name that no other test uses. */
export const unique = (base: string): string => `${base}-${randomBytes(4).toString("hex")}`
