/** Downloads from S3: an object's bytes, which never end short without saying so. */
import type { GetObjectCommandOutput, S3Client } from "@aws-sdk/client-s3"
import { GetObjectCommand } from "@aws-sdk/client-s3"
import { Chunk, Duration, Effect, Option } from "effect"
import { Readable } from "node:stream"
import { crc32c } from "../src/codec/Crc32c.ts"
import { freeBytes } from "../src/codec/FreeBytes.ts"
import type { Pull } from "./ObjectStore.ts"
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

/** Bytes that are handed on together: servers and sockets give them in pieces of a few KiB. */
const pieceBytes = 64 * 1024

/** Waits until a piece is together, for the end or for the limit. */
const pull = (body: Readable, key: string) => {
  let wake = nobody
  for (const event of ["readable", "end", "error", "close"]) body.on(event, () => wake())
  return Effect.async<Uint8Array, Option.Option<StoreError>>((resume) => {
    const parts: Array<Uint8Array> = []
    let size = 0
    let timer: NodeJS.Timeout | undefined
    const done = (effect: Effect.Effect<Uint8Array, Option.Option<StoreError>>) => {
      clearTimeout(timer)
      wake = nobody
      resume(effect)
    }
    const fail = (error: StoreError) => done(Effect.fail(Option.some(error)))
    const handOn = () => {
      const [first] = parts
      if (first !== undefined && parts.length === 1) return done(Effect.succeed(first))
      const bytes = Buffer.concat(parts)
      for (const part of parts) freeBytes(part)
      done(Effect.succeed(bytes))
    }
    const look = () => {
      for (let bytes: unknown; (bytes = body.read()) instanceof Uint8Array;) {
        parts.push(bytes)
        size += bytes.byteLength
        timer?.refresh()
      }
      const isOver = body.errored || body.readableEnded || body.closed
      if (size >= pieceBytes || (isOver && size > 0)) return handOn()
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
const verified = (body: Readable, expected: Expected): Pull<Uint8Array> => {
  const { key } = expected
  let size = 0
  let sum = 0
  const atEnd = () => {
    if (expected.size !== undefined && size !== expected.size) {
      const message = `the body ended after ${size} of ${expected.size} bytes`
      return Option.some(unreachable("get", key, message))
    }
    if (expected.crc32c !== undefined && sum !== expected.crc32c) {
      const cause = new Error("the bytes do not have the CRC-32C that the store keeps for them")
      return Option.some(
        new StoreError({ reason: "ChecksumMismatch", operation: "get", key, cause })
      )
    }
    return Option.none()
  }
  return Effect.mapBoth(pull(body, key), {
    onSuccess: (bytes) => {
      size += bytes.byteLength
      if (expected.crc32c !== undefined) sum = crc32c(bytes, sum)
      return Chunk.of(bytes)
    },
    onFailure: (end) => Option.isSome(end) ? end : atEnd()
  })
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

/** What the store answers to one request; `keep` is given the body in any case. */
const ask = (
  client: S3Client,
  bucket: string,
  key: string,
  range: Range | undefined,
  keep: (body: Readable) => void
) =>
  query("get", key, async (options) => {
    const output = await client.send(command(bucket, key, range), options)
    if (output.Body instanceof Readable) keep(output.Body)
    return output
  })

/** How to read on, once the answer is there. */
const reading = (
  key: string,
  asked: Range | undefined,
  { Body: body, ContentLength: size, ContentRange, ...rest }: GetObjectCommandOutput
): Effect.Effect<Pull<Uint8Array>, StoreError> => {
  if (!(body instanceof Readable)) return Effect.fail(storeError("get", key)(new Error("no body")))
  if (asked?.length === 0) return Effect.succeed(Effect.fail(Option.none()))
  if (asked !== undefined && asked.start > 0 && ContentRange === undefined) {
    const cause = new Error("the store does not serve ranges")
    return new StoreError({ reason: "Invalid", operation: "get", key, cause })
  }
  const checksum = asked === undefined ? wholeChecksum(rest) : undefined
  return Effect.succeed(verified(body, { key, size, crc32c: checksum }))
}

export const getObject = (client: S3Client, bucket: string) => (key: string, given?: Range) => {
  const asked = given?.start === 0 && given.length === undefined ? undefined : given
  // Nothing is asked for as one byte, to learn whether the object exists.
  const range = asked?.length === 0 ? { ...asked, length: 1 } : asked
  return Effect.suspend(() => {
    const bodies = new Set<Readable>()
    let closed = false
    const keep = (body: Readable) => {
      bodies.add(body.on("error", nobody))
      if (closed) body.destroy()
    }
    const begin: Pull<Uint8Array> = ask(client, bucket, key, range, keep).pipe(
      Effect.flatMap((output) => reading(key, asked, output)),
      Effect.mapError((error) =>
        range !== undefined && isBehindTheEnd(error) ? Option.none() : Option.some(error)
      ),
      Effect.flatMap((opened) => {
        next = opened
        return opened
      })
    )
    let next = begin
    const close = Effect.sync(() => {
      closed = true
      for (const body of bodies) body.destroy()
    })
    return Effect.as(Effect.addFinalizer(() => close), Effect.suspend(() => next))
  })
}

const isBehindTheEnd = ({ cause }: StoreError): boolean =>
  cause instanceof Error && cause.message.startsWith("InvalidRange")
