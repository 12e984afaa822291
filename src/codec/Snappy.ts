/**
 * Snappy: raw blocks, and the framing of xerial's snappy-java, which the Java producer writes: a
 * header of 16 bytes, then chunks of a 4-byte length (big endian) and a raw block each.
 */
import { Buffer } from "node:buffer"
import snappy from "snappy"
import { corrupt, truncated } from "./CodecError.ts"

/** 0x82 "SNAPPY" 0; version and lowest compatible version, an int32 each, follow. */
const xerialMagic = Buffer.from("82534e4150505900", "hex")
const xerialHeaderBytes = 16

/** A copy element of three bytes yields 64: no raw block expands more. */
const maxRatio = 22

/** Bytes of content of a raw block, by its preamble, an unsigned varint. */
const contentSize = (block: Buffer): number => {
  let size = 0
  for (let index = 0; index < 5; index++) {
    const byte = block[index]
    if (byte === undefined) throw truncated("the snappy data ends in its preamble")
    size += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 128) {
      if (size > block.length * maxRatio) {
        throw corrupt(`${block.length} bytes of snappy data cannot hold ${size}`)
      }
      return size
    }
  }
  throw corrupt("the snappy data has no preamble")
}

const isXerial = (bytes: Buffer, at: number): boolean =>
  bytes.length >= at + xerialHeaderBytes &&
  xerialMagic.compare(bytes, at, at + xerialMagic.length) === 0

/** The raw blocks of a xerial stream; streams may follow each other, as their reader allows. */
const xerialBlocks = (bytes: Buffer): ReadonlyArray<Buffer> => {
  const blocks: Array<Buffer> = []
  let at = xerialHeaderBytes
  while (at < bytes.length) {
    if (isXerial(bytes, at)) {
      at += xerialHeaderBytes
      continue
    }
    if (at + 4 > bytes.length) throw truncated("the xerial stream ends in a chunk length")
    const size = bytes.readInt32BE(at)
    const end = at + 4 + size
    if (size <= 0) throw corrupt(`a xerial chunk at byte ${at} has length ${size}`)
    if (end > bytes.length) throw truncated("the xerial stream ends inside a chunk")
    blocks.push(bytes.subarray(at + 4, end))
    at = end
  }
  return blocks
}

const uncompress = async (block: Buffer): Promise<Buffer> => {
  const output = await snappy.uncompress(block, { asBuffer: true })
  return Buffer.isBuffer(output) ? output : Buffer.from(output)
}

/** Raw or xerial. `limit`: bytes of output, refused before anything is allocated. */
export const snappyDecompress = async (bytes: Buffer, limit: number): Promise<Buffer> => {
  const blocks = isXerial(bytes, 0) ? xerialBlocks(bytes) : [bytes]
  const size = blocks.reduce((sum, block) => sum + contentSize(block), 0)
  if (size > limit) throw corrupt(`the snappy data expands to more than ${limit} bytes`)
  const [first = bytes] = blocks
  return blocks.length === 1
    ? uncompress(first)
    : Buffer.concat(await Promise.all(blocks.map(uncompress)))
}

/** One raw block, which Java's reader takes as well. */
export const snappyCompress = (bytes: Uint8Array): Promise<Buffer> => snappy.compress(bytes)
