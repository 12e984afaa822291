/** Takes bytes off a stream of chunks in the pieces that a parser asks for, copying each once. */
import type { Scope } from "effect"
import { Chunk, Effect, Option, Stream } from "effect"
import { Buffer } from "node:buffer"
import { freeBytes } from "./FreeBytes.ts"

/** Pieces are shorter than asked for only when the stream ends before. */
export interface ByteSource<E> {
  /** Position in the stream of the next byte. */
  readonly position: () => number
  /** The next `length` bytes, which stay to be taken; to be read before anything else is done. */
  readonly peek: (length: number) => Effect.Effect<Buffer, E>
  /** The next `length` bytes, in memory of their own. */
  readonly take: (length: number) => Effect.Effect<Buffer, E>
}

interface Received {
  readonly bytes: Buffer
  /** What is before it has been copied. */
  at: number
}

const view = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** `owned`: nobody else reads the chunks, and what has been copied is given back. */
export const byteSource = <E>(
  bytes: Stream.Stream<Uint8Array, E>,
  owned: boolean
): Effect.Effect<ByteSource<E>, never, Scope.Scope> =>
  Effect.map(Stream.toPull(bytes), (pull) => {
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

    const have = <A>(length: number, then: () => A): Effect.Effect<A, E> =>
      Effect.map(
        Effect.whileLoop({
          while: () => available < length && !ended,
          body: () => receive,
          step: () => {}
        }),
        then
      )

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

    const peek = (length: number) =>
      have(length, () => {
        const first = chunks[0]
        if (first !== undefined && chunks.length > 1 && first.bytes.length - first.at < length) {
          chunks.unshift({ bytes: copied(length), at: 0 })
        }
        const { at = 0, bytes = Buffer.alloc(0) } = chunks[0] ?? {}
        return bytes.subarray(at, at + length)
      })

    const take = (length: number) =>
      have(length, () => {
        const piece = copied(length)
        taken += piece.length
        available -= piece.length
        return piece
      })

    return { position: () => taken, peek, take }
  })
