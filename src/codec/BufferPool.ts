/**
 * Buffers of one size to be used again: fresh memory of a megabyte costs as much as copying a
 * megabyte into it, and is paid for once more by the garbage collector.
 */
import { Buffer } from "node:buffer"
import { freeBytes } from "./FreeBytes.ts"

export class BufferPool {
  /** Bytes of every buffer. */
  readonly size: number
  readonly #most: number
  readonly #free: Array<Buffer> = []

  /** Keeps at most `maxBytes` of buffers that nobody uses. */
  constructor(size: number, maxBytes: number) {
    this.size = size
    this.#most = Math.floor(maxBytes / size)
  }

  /** Buffers that nobody uses: taking one of them costs no memory. */
  get idle(): number {
    return this.#free.length
  }

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.size)
  }

  /**
   * Gives back a buffer that was taken here, or any view of it. Nobody may read it any more. One too
   * many is gone at once, and so is one of another size, which must have its memory to itself.
   */
  give({ buffer }: Buffer): void {
    if (buffer.byteLength === 0 || this.#free.some((free) => free.buffer === buffer)) return
    const wanted = buffer.byteLength === this.size && this.#free.length < this.#most
    if (wanted) this.#free.push(Buffer.from(buffer))
    else freeBytes(Buffer.from(buffer))
  }
}
