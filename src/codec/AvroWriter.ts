/** Writes the types of Avro's binary encoding (Avro 1.12, "Binary Encoding") into a buffer. */
import { Buffer } from "node:buffer"
import { maxVarintBytes, writeVarint, writeVarlong } from "./Varint.ts"

export class AvroWriter {
  private buffer = Buffer.allocUnsafe(1024)
  private position = 0

  /** Bytes written so far. */
  get length(): number {
    return this.position
  }

  /** Forgets what has been written since the last call of {@link take}. */
  clear(): void {
    this.position = 0
  }

  /** A copy of what has been written since the last call. */
  take(): Buffer {
    const taken = Buffer.from(this.buffer.subarray(0, this.position))
    this.position = 0
    return taken
  }

  /** `int` or `long`. */
  number(value: number): void {
    this.reserve(maxVarintBytes)
    this.position = writeVarint(this.buffer, this.position, value)
  }

  /** Throws `CodecError` Corrupt for what is no int64. */
  long(value: bigint): void {
    this.reserve(maxVarintBytes)
    this.position = writeVarlong(this.buffer, this.position, value)
  }

  string(value: string): void {
    const length = Buffer.byteLength(value)
    this.number(length)
    this.reserve(length)
    this.position += this.buffer.write(value, this.position)
  }

  raw(bytes: Buffer): void {
    this.reserve(bytes.length)
    this.position += bytes.copy(this.buffer, this.position)
  }

  /** A union whose first branch is null, and whose second one is what `write` writes. */
  nullable<A>(value: A | null, write: (value: A) => void): void {
    this.number(value === null ? 0 : 1)
    if (value !== null) write(value)
  }

  /** An array or a map: one block, and the end of the blocks. */
  list<A>(items: ReadonlyArray<A>, write: (item: A) => void): void {
    if (items.length > 0) this.number(items.length)
    for (const item of items) write(item)
    this.number(0)
  }

  private reserve(count: number): void {
    const needed = this.position + count
    if (needed <= this.buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.buffer.length))
    this.buffer.copy(larger, 0, 0, this.position)
    this.buffer = larger
  }
}
