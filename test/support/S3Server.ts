/** A real S3 server with one bucket, and the object store on it. */
import { Context, Effect, Layer } from "effect"
import type { S3Gateway } from "../../dev/stack/S3Gateway.ts"
import { makeS3Gateway } from "../../dev/stack/S3Gateway.ts"
import { makeWatchdog } from "../../dev/stack/Watchdog.ts"
import { S3StoreLayer } from "../../services/S3StoreLayer.ts"

export class S3Server extends Context.Tag("test/S3Server")<S3Server, S3Gateway>() {}

/** Sets environment variables until the scope closes. */
export const environment = (variables: Readonly<Record<string, string>>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const before = Object.keys(variables).map((name) => [name, process.env[name]] as const)
      Object.assign(process.env, variables)
      return before
    }),
    (before) =>
      Effect.sync(() => {
        for (const [name, value] of before) {
          if (value === undefined) delete process.env[name]
          else process.env[name] = value
        }
      })
  )

export const serverLayer = Layer.scoped(
  S3Server,
  Effect.gen(function*() {
    const server = yield* makeS3Gateway(yield* makeWatchdog, ["archive"])
    const { accessKey, secretKey } = server.address
    yield* environment({ AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey })
    return server
  })
)

/** The store on the server's bucket, or on another bucket or endpoint. */
export const storeLayer = (other: { readonly bucket?: string; readonly endpoint?: string } = {}) =>
  Layer.unwrapEffect(
    Effect.map(
      S3Server,
      ({ address: { bucket, endpoint, region } }) =>
        S3StoreLayer({ bucket, endpoint, region, ...other })
    )
  )
