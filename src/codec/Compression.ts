/** The compression codecs of Kafka's record batches, all on the thread pool. */
import { Effect } from "effect"
import { Buffer } from "node:buffer"
import { CodecError, corrupt } from "./CodecError.ts"
import { gunzip, gzip } from "./Gzip.ts"
import { lz4Compress, lz4Decompress } from "./Lz4.ts"
import { snappyCompress, snappyDecompress } from "./Snappy.ts"
import { zstdCompress, zstdDecompress } from "./Zstd.ts"

export type Compression = "none" | "gzip" | "snappy" | "lz4" | "zstd"

/** Position is the code in the lowest three bits of a batch's attributes. */
const codecs: ReadonlyArray<Compression> = ["none", "gzip", "snappy", "lz4", "zstd"]

/** Bytes that one compressed buffer may expand to; more is refused as Corrupt. */
export const maxExpandedBytes = 2 ** 30

/** `undefined`: a codec that is not defined. */
export const compressionOfAttributes = (attributes: number): Compression | undefined =>
  codecs[attributes & 7]

export const compressionCode = (compression: Compression): number => codecs.indexOf(compression)

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** The failure of a codec as `CodecError`, with the place in front of it. */
export const codecFailure = (error: unknown, context: string): CodecError => {
  const message = `${context}: ${error instanceof Error ? error.message : String(error)}`
  return error instanceof CodecError
    ? new CodecError({ reason: error.reason, message })
    : corrupt(message)
}

/**
 * What {@link decompress} does, as a promise for callers that start many at once. Rejects with
 * whatever the codec says: see {@link codecFailure}.
 */
export const decompressBytes = (
  compression: Compression,
  bytes: Uint8Array,
  limit = maxExpandedBytes
): Promise<Buffer> => {
  switch (compression) {
    case "none":
      return Promise.resolve(asBuffer(bytes))
    case "gzip":
      return gunzip(bytes, limit)
    case "snappy":
      return snappyDecompress(asBuffer(bytes), limit)
    case "lz4":
      return lz4Decompress(asBuffer(bytes), limit)
    case "zstd":
      return zstdDecompress(asBuffer(bytes), limit)
  }
}

const compressBytes = (
  compression: Compression,
  bytes: Uint8Array,
  level: number | undefined
): Promise<Buffer> => {
  switch (compression) {
    case "none":
      return Promise.resolve(asBuffer(bytes))
    case "gzip":
      return gzip(bytes, level ?? 6)
    case "snappy":
      return snappyCompress(bytes)
    case "lz4":
      return lz4Compress(bytes)
    case "zstd":
      return zstdCompress(bytes, level ?? 3)
  }
}

/**
 * All of the content, all of the input consumed: several zstd frames or gzip members count as one.
 * With "none" the bytes themselves. `bytes` must not change until it returns. `context` says where
 * they are from. Fails with `CodecError` for damaged or cut bytes, and beyond
 * {@link maxExpandedBytes}.
 */
export const decompress = (
  compression: Compression,
  bytes: Uint8Array,
  context: string
): Effect.Effect<Buffer, CodecError> =>
  Effect.tryPromise({
    try: () => decompressBytes(compression, bytes),
    catch: (error) => codecFailure(error, context)
  })

/**
 * What every Kafka client reads; zstd as one frame with its size and content checksum. With "none"
 * the bytes themselves. `bytes` must not change until it returns. `level`: of gzip (default 6) and
 * zstd (default 3), ignored by the others. The result belongs to the caller; it can be a view of a
 * larger buffer, so copy what is kept for long.
 */
export const compress = (
  compression: Compression,
  bytes: Uint8Array,
  level?: number
): Effect.Effect<Buffer, CodecError> =>
  Effect.tryPromise({
    try: () => compressBytes(compression, bytes, level),
    catch: (error) => codecFailure(error, `${compression} compression`)
  })
