/** One of two sides whose records are compared: a page of them at a time, read ahead. */
import type { Scope } from "effect"
import { Chunk, Effect, Option, Stream } from "effect"

/** Some records; `open` walks them, until `free` takes them back. */
export interface RecordPage<A> {
  readonly open: () => A
  readonly free: () => void
}

/** Moves to its next record; false behind the last. */
export interface Walk {
  readonly next: () => boolean
}

/**
 * The next walk, standing on its first record; `undefined` at the end. The one before must not be
 * used any more.
 */
export type Side<A, E, R> = Effect.Effect<A | undefined, E, R>

/** Pages read ahead of the one that is walked. */
const readAhead = 1

/** `walking`: how damage that a walk throws becomes a failure. */
export const sideOf = <A extends Walk, E, R, F>(
  pages: Stream.Stream<RecordPage<A>, E, R>,
  walking: <B>(walk: () => B) => Effect.Effect<B, F>
): Effect.Effect<Side<A, E | F, R>, never, R | Scope.Scope> =>
  Effect.map(Stream.toPull(Stream.buffer(pages, { capacity: readAhead })), (pull) => {
    let waiting: ReadonlyArray<RecordPage<A>> = []
    let current: RecordPage<A> | undefined
    const next: Side<A, E | F, R> = Effect.suspend(() => {
      current?.free()
      current = waiting[0]
      waiting = waiting.slice(1)
      if (current === undefined) return more
      const { open } = current
      const started = walking(() => {
        const walk = open()
        return walk.next() ? walk : undefined
      })
      return Effect.flatMap(started, (walk) => walk === undefined ? next : Effect.succeed(walk))
    })
    const more: Side<A, E | F, R> = Effect.matchEffect(pull, {
      onSuccess: (pages) => {
        waiting = Chunk.toReadonlyArray(pages)
        return next
      },
      onFailure: Option.match({
        onNone: () => Effect.succeed(undefined),
        onSome: (error: E) => Effect.fail(error)
      })
    })
    return next
  })
