/**
 * Zigzag varints of up to 64 bits, the same bytes in Kafka records and in Avro (`int`, `long`):
 * seven bits a byte, lowest first. Numbers where they are exact, bigint for the rest of int64.
 */
import { corrupt, truncated } from "./CodecError.ts"

/** Bytes of the longest varint of 64 bits. */
export const maxVarintBytes = 10

/** Beyond this the zigzag form of a number is no longer a safe integer. */
const fastLimit = 2 ** 52

const minInt64 = -(2n ** 63n)
const maxInt64 = 2n ** 63n - 1n

/** Bytes that {@link writeVarint} needs. `value`: a safe integer. */
export const sizeOfVarint = (value: number): number => {
  if (value >= -64 && value < 64) return 1
  if (value >= -fastLimit && value < fastLimit) {
    let rest = value < 0 ? -2 * value - 1 : 2 * value
    let size = 1
    while (rest >= 128) {
      rest = Math.floor(rest / 128)
      size++
    }
    return size
  }
  return sizeOfVarlong(BigInt(value))
}

/** Bytes that {@link writeVarlong} needs. `value`: an int64. */
export const sizeOfVarlong = (value: bigint): number => {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)) >> 7n
  let size = 1
  while (rest > 0n) {
    rest >>= 7n
    size++
  }
  return size
}

/** Writes a safe integer at `at`; the position after it. The caller has made room. */
export const writeVarint = (bytes: Uint8Array, at: number, value: number): number => {
  if (value >= -fastLimit && value < fastLimit) {
    let rest = value < 0 ? -2 * value - 1 : 2 * value
    while (rest > 0x7fffffff) {
      bytes[at++] = (rest % 128) | 0x80
      rest = Math.floor(rest / 128)
    }
    let small = rest | 0
    while (small > 127) {
      bytes[at++] = (small & 0x7f) | 0x80
      small >>>= 7
    }
    bytes[at++] = small
    return at
  }
  return writeVarlong(bytes, at, BigInt(value))
}

/** Writes an int64 at `at`; the position after it. The caller has made room. */
export const writeVarlong = (bytes: Uint8Array, at: number, value: bigint): number => {
  if (value < minInt64 || value > maxInt64) throw corrupt(`${value} does not fit into 64 bits`)
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
  while (rest > 127n) {
    bytes[at++] = Number(rest & 0x7fn) | 0x80
    rest >>= 7n
  }
  bytes[at++] = Number(rest)
  return at
}

/**
 * Reads varints one after the other out of `bytes`, from `position` up to `end`. Throws
 * `CodecError`: Truncated when a varint runs over the end, Corrupt when it is longer than its
 * type allows. Reuse one reader for a whole buffer: it is the only object that reading needs.
 */
export class VarintReader {
  readonly bytes: Uint8Array
  readonly end: number
  /** Of the next byte to read; callers may move it, to skip. */
  position: number

  constructor(bytes: Uint8Array, position = 0, end = bytes.length) {
    this.bytes = bytes
    this.position = position
    this.end = Math.min(end, bytes.length)
  }

  /** An int32. */
  readInt(): number {
    const bytes = this.bytes
    const start = this.position
    if (start >= this.end) throw this.runsOver()
    let byte = bytes[start]!
    if (byte < 128) {
      this.position = start + 1
      return (byte >>> 1) ^ -(byte & 1)
    }
    let at = start + 1
    let raw = byte & 0x7f
    for (let shift = 7; shift < 35; shift += 7) {
      if (at >= this.end) throw this.runsOver()
      byte = bytes[at++]!
      raw |= (byte & 0x7f) << shift
      if (byte < 128) {
        if (shift === 28 && byte > 0x0f) break
        this.position = at
        return (raw >>> 1) ^ -(raw & 1)
      }
    }
    throw corrupt(`varint at byte ${start} is longer than 32 bits`)
  }

  /**
   * An int64 from -(2^53) to 2^53 - 1; for any other NaN, and the position stays, so that
   * {@link readBigInt} can read it.
   */
  readNumber(): number {
    const bytes = this.bytes
    const start = this.position
    const end = this.end
    let at = start
    let low = 0
    for (let shift = 0; shift < 28; shift += 7) {
      if (at >= end) throw this.runsOver()
      const byte = bytes[at++]!
      low |= (byte & 0x7f) << shift
      if (byte < 128) {
        this.position = at
        return (low >>> 1) ^ -(low & 1)
      }
    }
    let high = 0
    for (let shift = 0; shift < 28; shift += 7) {
      if (at >= end) throw this.runsOver()
      const byte = bytes[at++]!
      high |= (byte & 0x7f) << shift
      if (byte < 128) {
        const value = high * 0x8000000 + (low >>> 1)
        if (value > Number.MAX_SAFE_INTEGER) return NaN
        this.position = at
        return (low & 1) === 0 ? value : -value - 1
      }
    }
    return NaN
  }

  /** An int64, exactly. */
  readBigInt(): bigint {
    const start = this.position
    let at = start
    let raw = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (at >= this.end) throw this.runsOver()
      const byte = this.bytes[at++]!
      raw |= BigInt(byte & 0x7f) << shift
      if (byte < 128) {
        if (shift === 63n && byte > 1) break
        this.position = at
        return (raw >> 1n) ^ -(raw & 1n)
      }
    }
    throw corrupt(`varint at byte ${start} is longer than 64 bits`)
  }

  private runsOver() {
    return truncated(`varint at byte ${this.position} runs over the end at byte ${this.end}`)
  }
}
