/** The frames of a zstd stream (RFC 8878, section 3.1), found without decompressing anything. */
import type { Buffer } from "node:buffer"
import { corrupt, truncated } from "./CodecError.ts"

export interface ZstdFrame {
  readonly start: number
  readonly end: number
  /** Bytes of content, when the frame says so. */
  readonly contentSize: number | undefined
  /** Bytes of content at most, by its blocks. */
  readonly bound: number
  readonly checksum: boolean
}

const magic = 0xfd2fb528
const skippableMagic = 0x184d2a50
const maxBlock = 128 * 1024

const contentSizeBytes = [0, 2, 4, 8]
const dictionaryIdBytes = [0, 1, 2, 4]

/** Bytes at `at`; Truncated when they are not all there. */
const need = (bytes: Buffer, at: number, length: number): number => {
  if (at + length > bytes.length) {
    throw truncated(`the zstd frame ends early at byte ${bytes.length}`)
  }
  return at + length
}

const readContentSize = (bytes: Buffer, at: number, size: number): number => {
  if (size === 8) return Number(bytes.readBigUInt64LE(at))
  if (size === 4) return bytes.readUInt32LE(at)
  return size === 2 ? bytes.readUInt16LE(at) + 256 : bytes.readUInt8(at)
}

const readFrame = (bytes: Buffer, start: number): ZstdFrame => {
  need(bytes, start, 5)
  const descriptor = bytes.readUInt8(start + 4)
  if ((descriptor & 0x08) !== 0) throw corrupt("the zstd frame header has its reserved bit set")
  const singleSegment = (descriptor & 0x20) !== 0
  const checksum = (descriptor & 0x04) !== 0
  let at = start + 5 + (singleSegment ? 0 : 1) + dictionaryIdBytes[descriptor & 3]!
  const sizeBytes = contentSizeBytes[descriptor >>> 6]! || (singleSegment ? 1 : 0)
  const sizeAt = at
  at = need(bytes, at, sizeBytes)
  const contentSize = sizeBytes === 0 ? undefined : readContentSize(bytes, sizeAt, sizeBytes)
  let bound = 0
  for (let last = false; !last;) {
    const body = need(bytes, at, 3)
    const header = bytes.readUIntLE(at, 3)
    last = (header & 1) === 1
    const type = (header >>> 1) & 3
    const size = header >>> 3
    if (type === 3 || size > maxBlock) throw corrupt(`no zstd block begins at byte ${at}`)
    bound += type === 2 ? maxBlock : size
    at = need(bytes, body, type === 1 ? 1 : size)
  }
  if (contentSize !== undefined && contentSize > bound) {
    throw corrupt(`a zstd frame claims ${contentSize} bytes and has room for ${bound}`)
  }
  return { start, end: need(bytes, at, checksum ? 4 : 0), contentSize, bound, checksum }
}

/** All data frames of the bytes; skippable frames are left out. Throws `CodecError`. */
export const zstdFrames = (bytes: Buffer): ReadonlyArray<ZstdFrame> => {
  const frames: Array<ZstdFrame> = []
  let at = 0
  do {
    need(bytes, at, 8)
    const word = bytes.readUInt32LE(at)
    if (word === magic) {
      const frame = readFrame(bytes, at)
      frames.push(frame)
      at = frame.end
    } else if ((word & ~0xf) >>> 0 === skippableMagic) {
      at = need(bytes, at + 8, bytes.readUInt32LE(at + 4))
    } else throw corrupt(`no zstd frame begins at byte ${at}`)
  } while (at < bytes.length)
  return frames
}
