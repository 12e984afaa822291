/** Writes the primitive types of the Kafka protocol into one growing buffer. */
import { Buffer } from "node:buffer"

export class WireWriter {
  private buffer: Buffer
  private position = 0

  /** `size`: bytes to start with; a good guess saves the growing. */
  constructor(size = 256) {
    this.buffer = Buffer.allocUnsafe(size)
  }

  /** A view of what has been written. */
  bytes(): Buffer {
    return this.buffer.subarray(0, this.position)
  }

  /** Makes room for `count` bytes and returns where they begin. */
  private take(count: number): number {
    const at = this.position
    const needed = at + count
    if (needed > this.buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2))
      this.buffer.copy(grown, 0, 0, at)
      this.buffer = grown
    }
    this.position = needed
    return at
  }

  boolean(value: boolean): void {
    this.int8(value ? 1 : 0)
  }

  int8(value: number): void {
    const at = this.take(1)
    this.buffer.writeInt8(value, at)
  }

  int16(value: number): void {
    const at = this.take(2)
    this.buffer.writeInt16BE(value, at)
  }

  int32(value: number): void {
    const at = this.take(4)
    this.buffer.writeInt32BE(value, at)
  }

  int64(value: bigint): void {
    const at = this.take(8)
    this.buffer.writeBigInt64BE(value, at)
  }

  raw(value: Uint8Array): void {
    const at = this.take(value.length)
    this.buffer.set(value, at)
  }

  string(value: string): void {
    const length = Buffer.byteLength(value)
    this.int16(length)
    this.text(value, length)
  }

  nullableString(value: string | null): void {
    if (value === null) this.int16(-1)
    else this.string(value)
  }

  byteArray(value: Uint8Array): void {
    this.int32(value.length)
    this.raw(value)
  }

  array<A>(items: ReadonlyArray<A>, write: (item: A) => void): void {
    this.int32(items.length)
    for (const item of items) write(item)
  }

  nullableArray<A>(items: ReadonlyArray<A> | undefined, write: (item: A) => void): void {
    if (items === undefined) this.int32(-1)
    else this.array(items, write)
  }

  /** Unsigned base-128 number (KIP-482). */
  unsignedVarint(value: number): void {
    let rest = value
    while (rest > 127) {
      this.byte((rest & 127) | 128)
      rest >>>= 7
    }
    this.byte(rest)
  }

  compactString(value: string): void {
    const length = Buffer.byteLength(value)
    this.unsignedVarint(length + 1)
    this.text(value, length)
  }

  compactArray<A>(items: ReadonlyArray<A> | undefined, write: (item: A) => void): void {
    if (items === undefined) {
      this.unsignedVarint(0)
      return
    }
    this.unsignedVarint(items.length + 1)
    for (const item of items) write(item)
  }

  /** No tagged fields (KIP-482). */
  noTags(): void {
    this.unsignedVarint(0)
  }

  private byte(value: number): void {
    const at = this.take(1)
    this.buffer[at] = value
  }

  private text(value: string, length: number): void {
    const at = this.take(length)
    this.buffer.write(value, at, "utf8")
  }
}
