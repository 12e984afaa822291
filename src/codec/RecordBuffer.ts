/** A buffer that grows while records are added to it, and what these add up to. */
import { Buffer } from "node:buffer"
import { RunningStats } from "./BlockStats.ts"
import type { BufferPool } from "./BufferPool.ts"

/** A partition that stays quiet costs one page, not a block. */
const smallest = 4096

/** A buffer that needs this part of a pooled one gets one, and sooner where one is idle. */
const pooledShare = 4
const idleShare = 64

const pages = (bytes: number) => Math.ceil(bytes / smallest) * smallest

const nothing: Buffer = Buffer.alloc(0)

export class RecordBuffer extends RunningStats {
  bytes = nothing
  length = 0

  /** Makes this what `other` is; adding to one of the two then leaves the other as it is. */
  become(other: RecordBuffer): this {
    this.bytes = other.bytes
    this.length = other.length
    this.copyFrom(other)
    return this
  }

  /**
   * Makes room for `needed` more bytes. `expected`: how many more are likely to come soon; taken
   * into account up to `limit` bytes of buffer, beyond which the buffer grows only as it must. A
   * buffer that is to be large comes from `pool`.
   */
  grow(needed: number, expected: number, limit: number, pool: BufferPool | undefined): Buffer {
    const wanted = Math.max(this.bytes.length * 2, this.length + expected, smallest)
    const size = Math.max(this.length + needed, Math.min(wanted, limit))
    const share = pool !== undefined && pool.idle > 0 ? idleShare : pooledShare
    const larger = pool !== undefined && size <= pool.size && size * share >= pool.size
      ? pool.take()
      : Buffer.allocUnsafeSlow(pages(size))
    this.bytes.copy(larger, 0, 0, this.length)
    this.bytes = larger
    return larger
  }

  /** The bytes so far, a view. */
  content(): Buffer {
    return this.bytes.subarray(0, this.length)
  }
}
