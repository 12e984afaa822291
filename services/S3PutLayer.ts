/** Uploads to S3: one streamed PutObject with the body's own CRC-32C, conditional where it must be. */
import type { S3Client } from "@aws-sdk/client-s3"
import { PutObjectCommand } from "@aws-sdk/client-s3"
import { Clock, Deferred, Duration, Effect, Option, Ref, Schedule, Stream } from "effect"
import { Readable } from "node:stream"
import { freeBytes } from "../src/codec/FreeBytes.ts"
import { metadataProblem } from "../src/domain/ObjectKey.ts"
import { checkedBody, checkedBytes } from "./ObjectBody.ts"
import type { ObjectBody, ObjectInfo, ObjectMetadata } from "./ObjectStore.ts"
import { StoreError } from "./ObjectStore.ts"
import { idleLimit, request } from "./S3ClientLayer.ts"
import { statusOf, unreachable } from "./S3ErrorsLayer.ts"

/** An answer to a body that is sent as a whole, of which nobody sees how it gets on. */
const wholeLimit = Duration.times(idleLimit, 4)

type Body = Readable | Uint8Array

interface Upload {
  readonly operation: "put" | "putIfAbsent"
  readonly key: string
  readonly body: ObjectBody
  readonly metadata: ObjectMetadata
  readonly ifAbsent: boolean
}

const base64 = (crc32c: number): string => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32c >>> 0)
  return bytes.toString("base64")
}

/**
 * Writes the body, a chunk at a time, and gives each back when the connection has taken it. A body
 * or a request that breaks ends it: both are looked after by those who made them.
 */
const pump = async (body: Readable, request: NodeJS.WritableStream): Promise<void> => {
  for await (const bytes of body) {
    const error = await new Promise((resolve) => request.write(bytes, resolve))
    if (error) return
    freeBytes(bytes)
  }
  request.end()
}

/**
 * A Node stream of the body; the scope ends it and waits until the body is closed. The runtime is
 * taken outside of the acquisition: inside, it would not let the body's fiber be interrupted.
 */
const readable = (bytes: Stream.Stream<Uint8Array, StoreError>) =>
  Effect.flatMap(Effect.runtime(), (runtime) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const iterable = Stream.toAsyncIterableRuntime(bytes, runtime)
        const body = Readable.from(iterable, { highWaterMark: 1 }).on("error", () => {})
        // The SDK sends a body by its `pipe`.
        body.pipe = (request) => {
          pump(body, request).catch(() => {})
          return request
        }
        return body
      }),
      (stream) =>
        Effect.async<void>((resume) => {
          if (stream.closed) return resume(Effect.void)
          stream.once("close", () => resume(Effect.void))
          stream.destroy()
        })
    ))

/** Fails when the upload neither takes bytes nor answers for too long. */
const watch = (upload: Upload, lastProgress: () => number) =>
  Effect.gen(function*() {
    const limit = Duration.toMillis(idleLimit)
    for (;;) {
      const quiet = (yield* Clock.currentTimeMillis) - lastProgress()
      if (quiet >= limit) {
        return yield* unreachable(upload.operation, upload.key, "no progress within 30 seconds")
      }
      yield* Effect.sleep(limit - quiet)
    }
  })

const command = (bucket: string, { body, ifAbsent, key, metadata }: Upload, bytes: Body) =>
  new PutObjectCommand({
    Bucket: bucket,
    Key: key,
    Body: bytes,
    ContentLength: body.size,
    ContentType: "application/octet-stream",
    ChecksumCRC32C: base64(body.crc32c),
    Metadata: { ...metadata },
    ...(ifAbsent ? { IfNoneMatch: "*" } : {})
  })

/** An SDK stream does not pass on its own errors, so a failing body ends the request here. */
const sendStream = (client: S3Client, bucket: string, upload: Upload) =>
  Effect.gen(function*() {
    const { body, key, operation } = upload
    const clock = yield* Effect.clock
    let last = clock.unsafeCurrentTimeMillis()
    const broken = yield* Deferred.make<never, StoreError>()
    const bytes = checkedBody(key, body).pipe(
      Stream.tap(() => Effect.sync(() => last = clock.unsafeCurrentTimeMillis())),
      Stream.tapError((error) => Deferred.fail(broken, error))
    )
    const put = command(bucket, upload, yield* readable(bytes))
    yield* request(operation, key, (options) => client.send(put, options)).pipe(
      Effect.raceFirst(Deferred.await(broken)),
      Effect.raceFirst(watch(upload, () => last))
    )
  }).pipe(Effect.scoped)

/** Of thousands of small bodies, the stream of each would cost more than its upload. */
const sendWhole = (client: S3Client, bucket: string, upload: Upload, bytes: Uint8Array) =>
  checkedBytes(upload.key, upload.body, bytes).pipe(
    Effect.flatMap((checked) => {
      const put = command(bucket, upload, checked)
      return request(upload.operation, upload.key, (options) => client.send(put, options))
    }),
    Effect.timeoutFail({
      duration: wholeLimit,
      onTimeout: () => unreachable(upload.operation, upload.key, "no answer within two minutes")
    }),
    Effect.asVoid
  )

/** One try. */
const send = (
  client: S3Client,
  bucket: string,
  upload: Upload
): Effect.Effect<void, StoreError> => {
  const { body, key, metadata, operation } = upload
  const problem = metadataProblem(metadata)
  if (problem !== undefined) {
    return Effect.fail(
      new StoreError({ reason: "Invalid", operation, key, cause: new Error(problem) })
    )
  }
  return body.bytes === undefined
    ? sendStream(client, bucket, upload)
    : sendWhole(client, bucket, upload, body.bytes)
}

const statusOfError = (error: StoreError): number | undefined =>
  statusOf(error.cause) ?? (error.cause instanceof Error ? statusOf(error.cause.cause) : undefined)

const conflicts = Schedule.jittered(Schedule.spaced("300 millis")).pipe(
  Schedule.intersect(Schedule.recurs(4))
)

export const putObject =
  (client: S3Client, bucket: string) => (key: string, body: ObjectBody, metadata: ObjectMetadata) =>
    send(client, bucket, { operation: "put", key, body, metadata, ifAbsent: false })

export interface ConditionalPut {
  readonly client: S3Client
  readonly bucket: string
  readonly head: (key: string) => Effect.Effect<Option.Option<ObjectInfo>, StoreError>
  /** The store ignores conditions: look before writing. */
  readonly headFirst: Ref.Ref<boolean>
}

/**
 * 412 means that the key exists. 409, another conditional write at the same time, is tried again
 * here. A connection that breaks may have hidden a 412 that came before the body was through, so
 * then a look at the key decides.
 */
export const putObjectIfAbsent =
  ({ bucket, client, head, headFirst }: ConditionalPut) =>
  (key: string, body: ObjectBody, metadata: ObjectMetadata) =>
    Effect.gen(function*() {
      const operation = "putIfAbsent" as const
      const look = yield* Ref.get(headFirst)
      if (look && Option.isSome(yield* head(key))) return "exists" as const
      return yield* send(client, bucket, { operation, key, body, metadata, ifAbsent: !look }).pipe(
        Effect.retry({ schedule: conflicts, while: (error) => statusOfError(error) === 409 }),
        Effect.as("created" as const),
        Effect.catchAll((error) => {
          if (statusOfError(error) === 412) return Effect.succeed("exists" as const)
          if (!isBrokenConnection(error)) return Effect.fail(error)
          return head(key).pipe(
            Effect.orElseSucceed(Option.none),
            Effect.flatMap((found) =>
              Option.isSome(found) ? Effect.succeed("exists" as const) : Effect.fail(error)
            )
          )
        })
      )
    })

const isBrokenConnection = ({ cause, reason }: StoreError): boolean =>
  reason === "Unreachable" && cause instanceof Error && "code" in cause &&
  (cause.code === "ECONNRESET" || cause.code === "EPIPE")
