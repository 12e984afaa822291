/** The LZ4 frame format (v1.6.x), as Kafka's producers write it from record batch v2 on. */
import lz4 from "lz4-napi"
import type { Buffer } from "node:buffer"
import { corrupt, truncated, unsupported } from "./CodecError.ts"

const magic = 0x184d2204

/** Bytes that a compressed block can hold at most, for each of its own. */
const maxRatio = 255

/** Bytes of a block at most, by the frame's descriptor (4 to 7). */
const maxBlockOf = (descriptor: number): number => {
  const id = (descriptor >>> 4) & 7
  if (id < 4) throw corrupt(`block size ${id} of the lz4 frame is not defined`)
  return 1 << (8 + 2 * id)
}

/**
 * Bytes that the content has at most. Throws `CodecError` unless the bytes are one whole frame and
 * nothing else: the decoder would take the first of two frames for all there is.
 */
export const lz4Bound = (bytes: Buffer): number => {
  const need = (end: number) => {
    if (end > bytes.length) throw truncated(`the lz4 frame ends early at byte ${bytes.length}`)
    return end
  }
  need(7)
  if (bytes.readUInt32LE(0) !== magic) throw corrupt("the data is not an lz4 frame")
  const flags = bytes.readUInt8(4)
  if (flags >>> 6 !== 1) throw corrupt(`version ${flags >>> 6} of the lz4 frame is not defined`)
  if ((flags & 0x01) !== 0) throw unsupported("the lz4 frame needs a dictionary")
  const maxBlock = maxBlockOf(bytes.readUInt8(5))
  const blockChecksum = (flags & 0x10) === 0 ? 0 : 4
  const sized = (flags & 0x08) !== 0
  let at = sized ? 15 : 7
  let bound = 0
  for (;;) {
    const body = need(at + 4)
    const word = bytes.readUInt32LE(at)
    if (word === 0) {
      at = need(body + ((flags & 0x04) === 0 ? 0 : 4))
      break
    }
    const size = word & 0x7fffffff
    if (size > maxBlock) {
      throw corrupt(`the lz4 block at byte ${at} is larger than its frame allows`)
    }
    bound += word > 0x7fffffff ? size : Math.min(maxBlock, size * maxRatio)
    at = need(body + size + blockChecksum)
  }
  if (at !== bytes.length) throw corrupt(`${bytes.length - at} bytes follow the lz4 frame`)
  if (sized && bytes.readBigUInt64LE(6) > BigInt(bound)) {
    throw corrupt(`an lz4 frame claims more than the ${bound} bytes it has room for`)
  }
  return bound
}

/**
 * `limit`: bytes of output, refused before anything is allocated. Asynchronous for every size:
 * handing over costs the main thread 5 µs, decompressing 1 KiB there costs the same.
 */
export const lz4Decompress = async (bytes: Buffer, limit: number): Promise<Buffer> => {
  if (lz4Bound(bytes) > limit) throw corrupt(`the lz4 data expands to more than ${limit} bytes`)
  return lz4.decompressFrame(bytes)
}

/** Independent blocks without checksums: what every Kafka client reads. */
export const lz4Compress = (bytes: Uint8Array): Promise<Buffer> => lz4.compressFrame(bytes)
