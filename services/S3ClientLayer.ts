/** The SDK's client as the parts of the S3 store share it: requests as effects, own retries. */
import { S3Client } from "@aws-sdk/client-s3"
import { Duration, Effect, Schedule } from "effect"
import { Socket } from "node:net"
import type { StoreError } from "./ObjectStore.ts"
import { storeError, unreachable } from "./S3ErrorsLayer.ts"
import type { S3Settings } from "./S3StoreLayer.ts"

/** Silence from the other side for so long ends a request. */
export const idleLimit = Duration.seconds(30)

const connectTimeoutMs = 5000
const maxSockets = 64

/**
 * What arrives on any connection is read into one buffer, as much as there is: Node's HTTP parser
 * copies what it keeps of it before it returns. Otherwise every 64 KiB are memory of their own,
 * left to the garbage collector (measured: 7 % of a restore's processor time).
 */
const onread = {
  buffer: Buffer.allocUnsafeSlow(256 * 1024),
  callback(this: unknown, length: number, bytes: Uint8Array): boolean {
    if (this instanceof Socket) {
      this.emit("data", Buffer.from(bytes.buffer, bytes.byteOffset, length))
    }
    return true
  }
}

const agent = { keepAlive: true, maxSockets, onread }

const silent = { trace() {}, debug() {}, info() {}, warn() {}, error() {} }

/**
 * Credentials come from the SDK's default chain. The SDK neither retries (a streamed body cannot be
 * replayed) nor computes checksums: what is uploaded brings its own.
 */
export const makeClient = ({ endpoint, region }: S3Settings) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      new S3Client({
        maxAttempts: 1,
        requestChecksumCalculation: "WHEN_REQUIRED",
        responseChecksumValidation: "WHEN_REQUIRED",
        requestHandler: {
          connectionTimeout: connectTimeoutMs,
          httpAgent: agent,
          httpsAgent: agent,
          logger: silent
        },
        logger: silent,
        ...(region === undefined ? {} : { region }),
        ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true })
      })
    ),
    (client) => Effect.sync(() => client.destroy())
  )

/** One try. Interruption and `limit` cancel the request. */
export const request = <A>(
  operation: string,
  key: string,
  send: (options: { readonly abortSignal: AbortSignal }) => Promise<A>
): Effect.Effect<A, StoreError> =>
  Effect.tryPromise({
    try: (abortSignal) => send({ abortSignal }),
    catch: storeError(operation, key)
  })

const retries = Schedule.jittered(Schedule.exponential("200 millis")).pipe(
  Schedule.intersect(Schedule.recurs(2)),
  Schedule.upTo("4 seconds")
)

/** The same, ended after silence; with its own timer, as a race of fibers costs as much as it. */
const limited = <A>(
  operation: string,
  key: string,
  send: (options: { readonly abortSignal: AbortSignal }) => Promise<A>
): Effect.Effect<A, StoreError> =>
  Effect.async((resume) => {
    const abort = new AbortController()
    const timer = setTimeout(() => {
      resume(Effect.fail(unreachable(operation, key, "no answer within 30 seconds")))
      abort.abort()
    }, Duration.toMillis(idleLimit))
    send({ abortSignal: abort.signal }).finally(() => clearTimeout(timer)).then(
      (answer) => resume(Effect.succeed(answer)),
      (cause) => resume(Effect.fail(storeError(operation, key)(cause)))
    )
    return Effect.sync(() => {
      clearTimeout(timer)
      abort.abort()
    })
  })

/** A request without a body: ended after silence, and repeated a little when that can help. */
export const query = <A>(
  operation: string,
  key: string,
  send: (options: { readonly abortSignal: AbortSignal }) => Promise<A>
): Effect.Effect<A, StoreError> =>
  Effect.retry(limited(operation, key, send), {
    schedule: retries,
    while: (error) => error.transient
  })
