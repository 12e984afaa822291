/**
 * Walks the records of a Kafka record section (record format of magic 2, KIP-98) as positions in
 * its bytes: no object, view or bigint per record, and every length checked before it is used.
 */
import type { Buffer } from "node:buffer"
import { corrupt } from "./CodecError.ts"
import { VarintReader } from "./Varint.ts"

export class SectionCursor {
  /** Offset and timestamp, relative to the batch's. */
  offsetDelta = -1
  /** NaN when it is no safe integer. */
  timestampDelta = NaN
  /** Position of the key's length, and of the value's. */
  keyAt = 0
  valueAt = 0
  keyIsNull = false
  valueIsNull = false
  /** Position of the header count, and of the first header. */
  headersAt = 0
  entriesAt = 0
  headers = 0
  nullHeaders = 0
  /** Position after the record. */
  end = 0
  #largeDelta = 0n
  readonly #reader: VarintReader
  readonly #lastOffsetDelta: number

  constructor(records: Buffer, lastOffsetDelta: number) {
    this.#reader = new VarintReader(records)
    this.#lastOffsetDelta = lastOffsetDelta
  }

  /** Bytes behind the record that the cursor stands on. */
  get left(): number {
    return this.#reader.end - this.#reader.position
  }

  exactDelta(): bigint {
    return Number.isNaN(this.timestampDelta) ? this.#largeDelta : BigInt(this.timestampDelta)
  }

  /** Moves to the next record. Throws `CodecError` when there is none, or it is damaged. */
  next(): void {
    const reader = this.#reader
    const length = reader.readInt()
    const end = reader.position + length
    if (length < 1 || end > reader.end) throw corrupt(`a record of ${length} bytes does not fit in`)
    this.end = end
    // The attributes of a record are unused.
    reader.position++
    const delta = reader.readNumber()
    if (Number.isNaN(delta)) this.#largeDelta = reader.readBigInt()
    this.timestampDelta = delta
    const offsetDelta = reader.readInt()
    if (offsetDelta <= this.offsetDelta || offsetDelta > this.#lastOffsetDelta) {
      throw corrupt(
        `offset delta ${offsetDelta} follows ${this.offsetDelta}, the last is ${this.#lastOffsetDelta}`
      )
    }
    this.offsetDelta = offsetDelta

    this.keyAt = reader.position
    const keyLength = reader.readInt()
    this.keyIsNull = keyLength < 0
    if (keyLength > 0) reader.position += keyLength
    this.valueAt = reader.position
    if (keyLength < -1 || reader.position >= end) throw corrupt(`a key of ${keyLength} bytes`)
    const valueLength = reader.readInt()
    this.valueIsNull = valueLength < 0
    if (valueLength > 0) reader.position += valueLength
    this.headersAt = reader.position
    if (valueLength < -1 || reader.position >= end) throw corrupt(`a value of ${valueLength} bytes`)

    const headers = reader.readInt()
    this.headers = headers
    this.entriesAt = reader.position
    this.nullHeaders = 0
    if (headers < 0) throw corrupt(`a record with ${headers} headers`)
    for (let index = 0; index < headers; index++) this.#skipHeader(reader, end)
    if (reader.position !== end) {
      throw corrupt(`a record ends ${reader.position - end} bytes after the end it states`)
    }
  }

  #skipHeader(reader: VarintReader, end: number): void {
    const nameLength = reader.readInt()
    if (nameLength < 0 || reader.position + nameLength >= end) {
      throw corrupt(`a header name of ${nameLength} bytes`)
    }
    reader.position += nameLength
    const length = reader.readInt()
    if (length < -1 || reader.position + length > end) {
      throw corrupt(`a header value of ${length} bytes`)
    }
    if (length < 0) this.nullHeaders++
    else reader.position += length
  }
}
