/** Takes bytes off chunks that are pulled in the pieces that a parser asks for, copying each once. */
import { Chunk, Effect, Option } from "effect"
import { Buffer } from "node:buffer"
import { freeBytes } from "./FreeBytes.ts"

/** The next chunks; fails with none at the end. */
export type BytePull<E> = Effect.Effect<Chunk.Chunk<Uint8Array>, Option.Option<E>>

/** Pieces are shorter than asked for only when no more has arrived. */
export interface ByteSource<E> {
  /** Position in the stream of the next byte. */
  readonly position: () => number
  /** Bytes that have arrived and were not taken. */
  readonly available: () => number
  /** Nothing more arrives. */
  readonly ended: () => boolean
  /** Waits until so many bytes are available, or the stream has ended. */
  readonly arrive: (length: number) => Effect.Effect<void, E>
  /** The next `length` bytes, which stay to be taken; to be read before anything else is done. */
  readonly peek: (length: number) => Buffer
  /** The next `length` bytes, in memory of their own. */
  readonly take: (length: number) => Buffer
}

interface Received {
  readonly bytes: Buffer
  /** What is before it has been copied. */
  at: number
}

const view = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** `owned`: nobody else reads the chunks, and what has been copied is given back. */
export const byteSource = <E>(pull: BytePull<E>, owned: boolean): ByteSource<E> => {
  const chunks: Array<Received> = []
  let available = 0
  let taken = 0
  let ended = false

  const receive = Effect.matchEffect(pull, {
    onFailure: Option.match({
      onNone: () => Effect.sync(() => void (ended = true)),
      onSome: (error: E) => Effect.fail(error)
    }),
    onSuccess: (received) =>
      Effect.sync(() => {
        for (const chunk of Chunk.toReadonlyArray(received)) {
          if (chunk.length === 0) continue
          chunks.push({ bytes: view(chunk), at: 0 })
          available += chunk.length
        }
      })
  })

  const arrive = (length: number): Effect.Effect<void, E> =>
    Effect.whileLoop({
      while: () => available < length && !ended,
      body: () => receive,
      step: () => {}
    })

  const copied = (length: number): Buffer => {
    const piece = Buffer.allocUnsafeSlow(Math.min(length, available))
    for (let filled = 0; filled < piece.length;) {
      const first = chunks[0]!
      const part = first.bytes.copy(piece, filled, first.at)
      filled += part
      first.at += part
      if (first.at < first.bytes.length) continue
      chunks.shift()
      if (owned) freeBytes(first.bytes)
    }
    return piece
  }

  const peek = (length: number): Buffer => {
    const first = chunks[0]
    if (first !== undefined && chunks.length > 1 && first.bytes.length - first.at < length) {
      chunks.unshift({ bytes: copied(length), at: 0 })
    }
    const { at = 0, bytes = Buffer.alloc(0) } = chunks[0] ?? {}
    return bytes.subarray(at, at + length)
  }

  const take = (length: number): Buffer => {
    const piece = copied(length)
    taken += piece.length
    available -= piece.length
    return piece
  }

  return {
    position: () => taken,
    available: () => available,
    ended: () => ended,
    arrive,
    peek,
    take
  }
}
