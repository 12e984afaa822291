/** Downloads from S3: an object's bytes as a stream that never ends short without saying so. */
import type { GetObjectCommandOutput, S3Client } from "@aws-sdk/client-s3"
import { GetObjectCommand } from "@aws-sdk/client-s3"
import { Duration, Effect, Option, Stream } from "effect"
import { Readable } from "node:stream"
import { crc32c } from "../src/codec/Crc32c.ts"
import { StoreError } from "./ObjectStore.ts"
import { idleLimit, query } from "./S3ClientLayer.ts"
import { storeError, unreachable } from "./S3ErrorsLayer.ts"

interface Range {
  readonly start: number
  readonly length?: number
}

interface Expected {
  readonly key: string
  readonly size: number | undefined
  /** Of the whole body; `undefined` when only a part is read or the store has none. */
  readonly crc32c: number | undefined
}

const nobody = () => {}

/** Hands on what arrived, else waits for more, for the end or for the limit. */
const pull = (body: Readable, key: string) => {
  let wake = nobody
  for (const event of ["readable", "end", "error", "close"]) body.on(event, () => wake())
  return Effect.async<Uint8Array, Option.Option<StoreError>>((resume) => {
    let timer: NodeJS.Timeout | undefined
    const done = (effect: Effect.Effect<Uint8Array, Option.Option<StoreError>>) => {
      clearTimeout(timer)
      wake = nobody
      resume(effect)
    }
    const fail = (error: StoreError) => done(Effect.fail(Option.some(error)))
    const look = () => {
      const bytes: unknown = body.read()
      if (bytes instanceof Uint8Array) return done(Effect.succeed(bytes))
      if (body.errored) return fail(unreachable("get", key, body.errored.message))
      if (body.readableEnded) return done(Effect.fail(Option.none()))
      if (body.closed) return fail(unreachable("get", key, "the connection was closed"))
    }
    wake = look
    timer = setTimeout(
      () => fail(unreachable("get", key, "no bytes within 30 seconds")),
      Duration.toMillis(idleLimit)
    )
    look()
  })
}

/** The body's bytes, then a failure unless they were as many and as announced. */
const verified = (body: Readable, expected: Expected) => {
  const { key } = expected
  let size = 0
  let sum = 0
  const next = pull(body, key)
  const counted = Effect.map(next, (bytes) => {
    size += bytes.byteLength
    if (expected.crc32c !== undefined) sum = crc32c(bytes, sum)
    return bytes
  })
  return Stream.repeatEffectOption(
    Effect.catchAll(counted, (end) => {
      if (Option.isSome(end)) return Effect.fail(end)
      if (expected.size !== undefined && size !== expected.size) {
        const message = `the body ended after ${size} of ${expected.size} bytes`
        return Effect.fail(Option.some(unreachable("get", key, message)))
      }
      if (expected.crc32c !== undefined && sum !== expected.crc32c) {
        const cause = new Error("the bytes do not have the CRC-32C that the store keeps for them")
        return Effect.fail(
          Option.some(new StoreError({ reason: "ChecksumMismatch", operation: "get", key, cause }))
        )
      }
      return Effect.fail(Option.none())
    })
  )
}

/** Sums over parts of an upload (`<sum>-<parts>`, COMPOSITE) say nothing about the bytes alone. */
const wholeChecksum = (output: GetObjectCommandOutput): number | undefined => {
  const bytes = Buffer.from(output.ChecksumCRC32C ?? "", "base64")
  const whole = bytes.length === 4 && !output.ChecksumCRC32C?.includes("-")
  return whole && output.ChecksumType !== "COMPOSITE" ? bytes.readUInt32BE() : undefined
}

const rangeHeader = ({ length, start }: Range): string =>
  `bytes=${start}-${length === undefined ? "" : start + length - 1}`

/**
 * The checksum is asked for by header, not by `ChecksumMode`: with that the SDK would compute it in
 * JavaScript.
 */
const command = (bucket: string, key: string, range: Range | undefined) => {
  const get = new GetObjectCommand({
    Bucket: bucket,
    Key: key,
    ...(range === undefined ? {} : { Range: rangeHeader(range) })
  })
  if (range !== undefined) return get
  get.middlewareStack.add((next) => (args) => {
    const headers = typeof args.request === "object" && args.request !== null
      ? Reflect.get(args.request, "headers")
      : undefined
    if (typeof headers === "object" && headers !== null) {
      Reflect.set(headers, "x-amz-checksum-mode", "ENABLED")
    }
    return next(args)
  }, { step: "build", name: "askForChecksum" })
  return get
}

/** The answer, whose body ends with the scope. */
const open = (client: S3Client, bucket: string, key: string, range: Range | undefined) =>
  Effect.uninterruptibleMask((restore) =>
    restore(query("get", key, (options) => client.send(command(bucket, key, range), options))).pipe(
      Effect.tap(({ Body: body }) =>
        Effect.addFinalizer(() =>
          Effect.sync(() => {
            if (body instanceof Readable) body.on("error", nobody).destroy()
          })
        )
      )
    )
  )

export const getObject = (client: S3Client, bucket: string) => (key: string, asked?: Range) => {
  const range = asked === undefined || (asked.start === 0 && asked.length === undefined)
    ? undefined
    : { ...asked, ...(asked.length === 0 ? { length: 1 } : {}) }
  return Stream.unwrapScoped(
    Effect.gen(function*() {
      const output = yield* open(client, bucket, key, range)
      const { Body: body, ContentLength: size } = output
      if (!(body instanceof Readable)) return yield* storeError("get", key)(new Error("no body"))
      if (asked?.length === 0) return Stream.empty
      if (range !== undefined && range.start > 0 && output.ContentRange === undefined) {
        const cause = new Error("the store does not serve ranges")
        return yield* new StoreError({ reason: "Invalid", operation: "get", key, cause })
      }
      return verified(body, {
        key,
        size,
        crc32c: range === undefined ? wholeChecksum(output) : undefined
      })
    }).pipe(
      Effect.catchIf(
        (error) => range !== undefined && isBehindTheEnd(error),
        () => Effect.succeed(Stream.empty)
      )
    )
  )
}

const isBehindTheEnd = ({ cause }: StoreError): boolean =>
  cause instanceof Error && cause.message.startsWith("InvalidRange")
