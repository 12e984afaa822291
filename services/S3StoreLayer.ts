/** The object store in an S3 bucket. The SDK is loaded only when this layer is built. */
import { Effect, Layer } from "effect"

export interface S3Settings {
  readonly bucket: string
  /** `undefined`: as the SDK finds it in environment and profile. */
  readonly region: string | undefined
  /** Another service than Amazon's; implies path-style addressing. */
  readonly endpoint: string | undefined
}

/** Fails only when used: `check` says whether credentials and bucket are good. */
export const S3StoreLayer = (settings: S3Settings) =>
  Layer.unwrapEffect(
    Effect.map(Effect.promise(() => import("./S3BucketLayer.ts")), ({ layer }) => layer(settings))
  )
