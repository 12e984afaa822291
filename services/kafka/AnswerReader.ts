/**
 * Cuts what a broker sends into answers: each has memory of its own, is copied there once, and can
 * be given back at once.
 */
import { Buffer } from "node:buffer"

/** Size of what follows, and the correlation id (the response header, version 0). */
const headBytes = 8

export interface Answer {
  readonly correlationId: number
  /** What follows the correlation id; shares its memory with nothing. */
  readonly payload: Buffer
  /** The bytes as they came. A copy. */
  readonly raw: () => Buffer
}

export class AnswerReader {
  readonly #onAnswer: (answer: Answer) => void
  readonly #head = Buffer.alloc(headBytes)
  #headFilled = 0
  #payload: Buffer | undefined
  #filled = 0

  /** `onAnswer`: called from within `take`, in the order of arrival. */
  constructor(onAnswer: (answer: Answer) => void) {
    this.#onAnswer = onAnswer
  }

  /** Copies what it keeps. Throws a RangeError when the size of an answer cannot be one. */
  take(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#payload === undefined) {
        const part = bytes.copy(this.#head, this.#headFilled, at)
        this.#headFilled += part
        at += part
        if (this.#headFilled < headBytes) return
        this.#payload = this.#begin()
      }
      const part = bytes.copy(this.#payload, this.#filled, at)
      this.#filled += part
      at += part
      if (this.#filled === this.#payload.length) this.#end(this.#payload)
    }
  }

  #begin(): Buffer {
    const size = this.#head.readInt32BE(0) - (headBytes - 4)
    if (size < 0) throw new RangeError(`an answer of ${size + headBytes - 4} bytes`)
    return Buffer.allocUnsafeSlow(size)
  }

  #end(payload: Buffer): void {
    const head = Buffer.from(this.#head)
    this.#payload = undefined
    this.#headFilled = 0
    this.#filled = 0
    this.#onAnswer({
      correlationId: head.readInt32BE(4),
      payload,
      raw: () => Buffer.concat([head, payload])
    })
  }
}
