/** One question to a store or a cluster, whose answer is for all who ask the same. */
import { Deferred, Effect, Exit, FiberId, Option } from "effect"

/** Asks unless somebody has asked, or is asking, for the same key. */
export type Memo<A, E, R> = (key: string, ask: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/**
 * An answer is kept. A failure is that of all who wait for it, and of nobody later; when who asks is
 * interrupted, one of those who wait asks in its place.
 */
export const makeMemo = <A, E, R>(): Memo<A, E, R> => {
  const answers = new Map<string, Deferred.Deferred<Option.Option<A>, E>>()

  const memo: Memo<A, E, R> = (key, ask) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.suspend(() => {
        const known = answers.get(key)
        if (known !== undefined) {
          return Effect.flatMap(
            restore(Deferred.await(known)),
            Option.match({ onNone: () => restore(memo(key, ask)), onSome: Effect.succeed })
          )
        }
        const answer = Deferred.unsafeMake<Option.Option<A>, E>(FiberId.none)
        answers.set(key, answer)
        return Effect.onExit(restore(ask), (exit) => {
          if (Exit.isFailure(exit)) answers.delete(key)
          return Exit.isInterrupted(exit)
            ? Deferred.succeed(answer, Option.none())
            : Deferred.done(answer, Exit.map(exit, Option.some))
        })
      })
    )
  return memo
}
