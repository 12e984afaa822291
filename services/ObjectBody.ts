/** Object bodies: made from bytes, and guarded while they are read. */
import { Chunk, Effect, Stream } from "effect"
import { crc32c } from "../src/codec/Crc32c.ts"
import type { ObjectBody } from "./ObjectStore.ts"
import { StoreError } from "./ObjectStore.ts"

/** A body that is in memory already. */
export const bodyOfBytes = (bytes: Uint8Array): ObjectBody => ({
  size: bytes.byteLength,
  crc32c: crc32c(bytes),
  open: () => Stream.sync(() => Buffer.from(bytes))
})

const wrong = (key: string, cause: string) =>
  new StoreError({ reason: "ChecksumMismatch", operation: "put", key, cause: new Error(cause) })

/**
 * The body's bytes. Fails with ChecksumMismatch at the first byte too many, and at the end when
 * there are too few or their CRC-32C is another than announced: the end is reached only by the
 * very bytes that were promised.
 */
export const checkedBody = (key: string, body: ObjectBody): Stream.Stream<Uint8Array, StoreError> =>
  Stream.suspend(() => {
    let size = 0
    let sum = 0
    const count = (bytes: Uint8Array) => {
      size += bytes.byteLength
      if (size > body.size) {
        return Effect.fail(wrong(key, `the body has more than the announced ${body.size} bytes`))
      }
      sum = crc32c(bytes, sum)
      return size === body.size && sum !== body.crc32c
        ? Effect.fail(wrong(key, "the body has another CRC-32C than announced"))
        : Effect.succeed(bytes)
    }
    const end = Effect.suspend(() =>
      size === body.size && sum === body.crc32c
        ? Effect.succeed(Chunk.empty<Uint8Array>())
        : Effect.fail(wrong(key, `the body ended after ${size} of ${body.size} bytes`))
    )
    return Stream.concat(Stream.mapEffect(body.open(), count), Stream.fromIterableEffect(end))
  })

/** The same for a body in memory: fails with ChecksumMismatch when it is not what was announced. */
export const checkedBytes = (
  key: string,
  body: ObjectBody,
  bytes: Uint8Array
): Effect.Effect<Uint8Array, StoreError> => {
  if (bytes.byteLength !== body.size) {
    return Effect.fail(wrong(key, `the body has ${bytes.byteLength} of ${body.size} bytes`))
  }
  return crc32c(bytes) === body.crc32c
    ? Effect.succeed(bytes)
    : Effect.fail(wrong(key, "the body has another CRC-32C than announced"))
}
