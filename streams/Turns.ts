/**
 * A bound on what runs at once, for thousands that wait. The end of one wakes exactly the next;
 * `Effect.makeSemaphore` wakes all of them, each of which grows its stack and waits again, so that
 * its time and memory go with the square of their number.
 */
import { Effect } from "effect"

/** Waits for its turn, in the order of the starts, then runs. */
export type Turns = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

export const makeTurns = (atOnce: number): Turns => {
  /** In the order of their starts. */
  const waiting = new Set<() => void>()
  let running = 0

  return (effect) =>
    Effect.suspend(() => {
      let mine = false
      let wake = () => {}
      const turn = Effect.async<void>((resume) => {
        wake = () => {
          waiting.delete(wake)
          mine = true
          running++
          resume(Effect.void)
        }
        if (running < atOnce) wake()
        else waiting.add(wake)
      })
      const end = Effect.sync(() => {
        waiting.delete(wake)
        if (!mine) return
        running--
        const [next] = waiting
        next?.()
      })
      // Around both: a turn can be given at the moment when its waiter is interrupted.
      return Effect.ensuring(Effect.zipRight(turn, effect), end)
    })
}
