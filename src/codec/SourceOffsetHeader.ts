/** The header with a record's source offset, as bytes of a Kafka record, without work per digit. */
import { Buffer } from "node:buffer"
import { writeVarint } from "./Varint.ts"

/** Decimal digits of the largest offset. */
const mostDigits = 19
const zero = 0x30
const nine = 0x39

export class SourceOffsetHeader {
  /** Name and value, each with its length: `bytes[0, length)`. */
  readonly bytes: Buffer
  length = 0
  readonly #digitsAt: number
  #offset = NaN

  constructor(name: string) {
    const nameBytes = Buffer.from(name)
    this.bytes = Buffer.alloc(nameBytes.length + mostDigits + 6)
    const nameAt = writeVarint(this.bytes, 0, nameBytes.length)
    this.#digitsAt = nameAt + nameBytes.copy(this.bytes, nameAt) + 1
  }

  /** `offset`: a safe integer. */
  set(offset: number): void {
    if (offset !== this.#offset + 1 || !this.#increment()) this.#write(String(offset))
    this.#offset = offset
  }

  setExact(offset: bigint): void {
    this.#write(String(offset))
    this.#offset = NaN
  }

  /** Counts the digits up by one; false when that takes one digit more. */
  #increment(): boolean {
    let at = this.length - 1
    while (at >= this.#digitsAt && this.bytes[at] === nine) this.bytes[at--] = zero
    if (at < this.#digitsAt) return false
    this.bytes[at]!++
    return true
  }

  #write(digits: string): void {
    writeVarint(this.bytes, this.#digitsAt - 1, digits.length)
    this.length = this.#digitsAt + this.bytes.write(digits, this.#digitsAt, "latin1")
  }
}
