/** The S3 server process of a local stack. */
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3"
import { Effect, Ref } from "effect"
import fs from "node:fs/promises"
import path from "node:path"
import type { Child } from "./Child.ts"
import { awaitReady, startChild, stopChild } from "./Child.ts"
import { freePort } from "./Ports.ts"
import { s3Binary } from "./S3Binary.ts"
import { StackError } from "./StackError.ts"
import type { Watchdog } from "./Watchdog.ts"

export interface S3Address {
  readonly endpoint: string
  readonly region: string
  readonly accessKey: string
  readonly secretKey: string
  /** The first of the buckets that exist. */
  readonly bucket: string
}

/** The variables that lead the program, and any AWS tool, to it. */
export const s3Environment = (address: S3Address) => ({
  AWS_ENDPOINT_URL: address.endpoint,
  AWS_REGION: address.region,
  AWS_ACCESS_KEY_ID: address.accessKey,
  AWS_SECRET_ACCESS_KEY: address.secretKey,
  S3_BUCKET: address.bucket
})

export interface S3Gateway {
  readonly address: S3Address
  readonly pid: Effect.Effect<number | undefined>
  readonly start: Effect.Effect<void, StackError>
  readonly stop: Effect.Effect<void>
  readonly pause: Effect.Effect<void>
  readonly resume: Effect.Effect<void>
}

const region = "us-east-1"
const accessKey = "local"
const secretKey = "local-secret"

const answers = (endpoint: string) =>
  Effect.promise(() =>
    fetch(endpoint, { signal: AbortSignal.timeout(2000) }).then(
      ({ status }) => status < 500,
      () => false
    )
  )

/** A client of the AWS SDK for that address. */
export const s3Client = ({ accessKey, endpoint, region, secretKey }: S3Address): S3Client =>
  new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId: accessKey, secretAccessKey: secretKey }
  })

const createBuckets = (address: S3Address, buckets: ReadonlyArray<string>) =>
  Effect.tryPromise({
    try: async () => {
      const client = s3Client(address)
      for (const Bucket of buckets) await client.send(new CreateBucketCommand({ Bucket }))
      client.destroy()
    },
    catch: (cause) => new StackError({ step: "create buckets", cause })
  })

/** A running S3 server with empty buckets; it ends with the scope. */
export const makeS3Gateway = Effect.fnUntraced(function*(
  watchdog: Watchdog,
  buckets: readonly [string, ...ReadonlyArray<string>]
) {
  const command = yield* s3Binary
  const port = yield* freePort
  const directory = path.join(watchdog.directory, "s3")
  const sidecar = path.join(watchdog.directory, "metadata")
  yield* Effect.promise(() => Promise.all([fs.mkdir(directory), fs.mkdir(sidecar)]))
  const endpoint = `http://127.0.0.1:${port}`
  const running = yield* Ref.make<Child | undefined>(undefined)
  const withChild = <A>(use: (child: Child) => Effect.Effect<A>) =>
    Effect.flatMap(Ref.get(running), (child) => child === undefined ? Effect.void : use(child))

  const storage = yield* Ref.make<ReadonlyArray<string>>([directory])
  const startOnce = Effect.gen(function*() {
    const child = yield* startChild(watchdog, {
      name: "s3",
      command,
      args: [
        "--quiet",
        "--keep-alive",
        "--port",
        `127.0.0.1:${port}`,
        "--region",
        region,
        "posix",
        ...yield* Ref.get(storage)
      ],
      env: { ROOT_ACCESS_KEY: accessKey, ROOT_SECRET_KEY: secretKey },
      logFile: path.join(watchdog.directory, "s3.log")
    })
    yield* Ref.set(running, child)
    yield* awaitReady(child, answers(endpoint), 30)
  })
  // Metadata goes into extended attributes; where the file system has none, into files.
  const start = Effect.catchIf(
    startOnce,
    (error) => error.message.includes("xattr"),
    () => Effect.zipRight(Ref.set(storage, ["--sidecar", sidecar, directory]), startOnce)
  )
  const stop = Effect.zipRight(
    withChild((child) => stopChild(child, "0 seconds")),
    Ref.set(running, undefined)
  )
  yield* Effect.addFinalizer(() => stop)
  yield* start
  const address: S3Address = { endpoint, region, accessKey, secretKey, bucket: buckets[0] }
  yield* createBuckets(address, buckets)
  const gateway: S3Gateway = {
    address,
    pid: Effect.map(Ref.get(running), (child) => child?.pid),
    start,
    stop,
    pause: withChild((child) => child.signal("SIGSTOP")),
    resume: withChild((child) => child.signal("SIGCONT"))
  }
  return gateway
})
