/** Decompresses the blocks of an Avro object container (Avro 1.12, "Required/Optional Codecs"). */
import { crc32 } from "@node-rs/crc32"
import { Effect } from "effect"
import type { Buffer } from "node:buffer"
import zlib from "node:zlib"
import type { CodecError } from "./CodecError.ts"
import { corrupt } from "./CodecError.ts"
import { codecFailure, decompress, maxExpandedBytes } from "./Compression.ts"

export type ContainerCodec = "null" | "deflate" | "snappy" | "zstandard"

/**
 * The content of a block. Fails with `CodecError` Corrupt when it cannot be decompressed whole; for
 * zstandard with a content checksum (ours, the original's) and snappy that finds any damage.
 * `context` says where the bytes are from.
 */
export const decompressBlock = (
  codec: ContainerCodec,
  data: Buffer,
  context: string
): Effect.Effect<Buffer, CodecError> => {
  switch (codec) {
    case "null":
      return Effect.succeed(data)
    case "deflate":
      return inflate(data, context)
    case "snappy":
      return snappy(data, context)
    case "zstandard":
      return decompress("zstd", data, context)
  }
}

/** Avro's deflate is the raw format of RFC 1951, without a checksum. */
const inflate = (data: Buffer, context: string): Effect.Effect<Buffer, CodecError> =>
  Effect.async((resume) => {
    zlib.inflateRaw(data, { maxOutputLength: maxExpandedBytes }, (error, bytes) => {
      resume(error === null ? Effect.succeed(bytes) : Effect.fail(codecFailure(error, context)))
    })
  })

/** The compressed bytes are followed by the CRC-32 of the content, most significant byte first. */
const snappy = (data: Buffer, context: string): Effect.Effect<Buffer, CodecError> => {
  const end = data.length - 4
  if (end < 0) return Effect.fail(corrupt(`${context}: it has no checksum`))
  return Effect.filterOrFail(
    decompress("snappy", data.subarray(0, end), context),
    (content) => crc32(content) === data.readUInt32BE(end),
    () => corrupt(`${context}: its checksum does not agree`)
  )
}
