/** Reads the primitive types of the Kafka protocol; throws a CodecError where the bytes end. */
import { Buffer } from "node:buffer"
import { corrupt, truncated } from "../CodecError.ts"

const noBytes = Buffer.alloc(0)

export class WireReader {
  private readonly buffer: Buffer
  private position = 0

  constructor(buffer: Buffer) {
    this.buffer = buffer
  }

  get remaining(): number {
    return this.buffer.length - this.position
  }

  private take(count: number): number {
    const at = this.position
    if (count < 0) throw corrupt(`a length of ${count} at byte ${at} of a response`)
    if (count > this.buffer.length - at) {
      throw truncated(`a response ends at byte ${this.buffer.length}, ${count} bytes from ${at} on`)
    }
    this.position = at + count
    return at
  }

  boolean(): boolean {
    return this.int8() !== 0
  }

  int8(): number {
    return this.buffer.readInt8(this.take(1))
  }

  int16(): number {
    return this.buffer.readInt16BE(this.take(2))
  }

  int32(): number {
    return this.buffer.readInt32BE(this.take(4))
  }

  int64(): bigint {
    return this.buffer.readBigInt64BE(this.take(8))
  }

  /** A view, not a copy. */
  raw(count: number): Buffer {
    const at = this.take(count)
    return this.buffer.subarray(at, at + count)
  }

  string(): string {
    return this.nullableString() ?? ""
  }

  nullableString(): string | null {
    const length = this.int16()
    return length === -1 ? null : this.text(length)
  }

  /** A view; null is read as empty. */
  byteArray(): Buffer {
    const length = this.int32()
    return length === -1 ? noBytes : this.raw(length)
  }

  /** Null is read as empty. */
  array<A>(read: () => A): Array<A> {
    return this.items(this.int32(), read)
  }

  unsignedVarint(): number {
    let value = 0
    for (let shift = 0; shift < 32; shift += 7) {
      const byte = this.int8()
      value |= (byte & 127) << shift
      if (byte >= 0) return value >>> 0
    }
    throw corrupt(`a varint of more than 32 bits at byte ${this.position} of a response`)
  }

  compactString(): string {
    return this.compactNullableString() ?? ""
  }

  compactNullableString(): string | null {
    const length = this.unsignedVarint()
    return length === 0 ? null : this.text(length - 1)
  }

  /** Null is read as empty. */
  compactArray<A>(read: () => A): Array<A> {
    return this.items(this.unsignedVarint() - 1, read)
  }

  /** Steps over tagged fields (KIP-482), whatever they are. */
  skipTags(): void {
    const count = this.unsignedVarint()
    for (let i = 0; i < count; i++) {
      this.unsignedVarint()
      this.raw(this.unsignedVarint())
    }
  }

  private text(length: number): string {
    const at = this.take(length)
    return this.buffer.toString("utf8", at, at + length)
  }

  private items<A>(count: number, read: () => A): Array<A> {
    if (count > this.remaining) {
      throw truncated(`a response announces ${count} elements in ${this.remaining} bytes`)
    }
    const result: Array<A> = []
    for (let i = 0; i < count; i++) result.push(read())
    return result
  }
}
