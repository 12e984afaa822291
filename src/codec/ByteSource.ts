/** Takes bytes off a stream of chunks in the pieces that a parser asks for. */
import type { Scope } from "effect"
import { Chunk, Effect, Option, Stream } from "effect"
import { Buffer } from "node:buffer"

export interface ByteSource<E> {
  /** Position in the stream of the next byte. */
  readonly position: () => number
  /**
   * The next `length` bytes without taking them; fewer only when the stream ends before. The piece
   * is a view where it can be.
   */
  readonly peek: (length: number) => Effect.Effect<Buffer, E>
  /** Takes bytes that were peeked at. */
  readonly skip: (length: number) => void
}

const view = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

export const byteSource = <E>(
  bytes: Stream.Stream<Uint8Array, E>
): Effect.Effect<ByteSource<E>, never, Scope.Scope> =>
  Effect.map(Stream.toPull(bytes), (pull) => {
    let chunks: Array<Buffer> = []
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
            chunks.push(view(chunk))
            available += chunk.length
          }
        })
    })

    const front = (length: number): Buffer => {
      if (chunks.length > 1 && chunks[0]!.length < length) chunks = joined(chunks, length)
      return (chunks[0] ?? Buffer.alloc(0)).subarray(0, length)
    }

    const peek = (length: number): Effect.Effect<Buffer, E> =>
      Effect.map(
        Effect.whileLoop({
          while: () => available < length && !ended,
          body: () => receive,
          step: () => {}
        }),
        () => front(length)
      )

    const skip = (length: number): void => {
      taken += length
      available -= length
      while (length > 0) {
        const first = chunks[0]!
        if (first.length > length) {
          chunks[0] = first.subarray(length)
          return
        }
        length -= first.length
        chunks.shift()
      }
    }

    return { position: () => taken, peek, skip }
  })

/** The same bytes with the first `length` of them, if there are so many, in one piece. */
const joined = (chunks: ReadonlyArray<Buffer>, length: number): Array<Buffer> => {
  let count = 0
  let size = 0
  while (count < chunks.length && size < length) size += chunks[count++]!.length
  return [Buffer.concat(chunks.slice(0, count)), ...chunks.slice(count)]
}
