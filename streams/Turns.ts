/**
 * A bound on what runs at once, for thousands that wait. The end of one wakes exactly the next;
 * `Effect.makeSemaphore` wakes all of them, each of which grows its stack and waits again, so that
 * its time and memory go with the square of their number.
 */
import { Effect } from "effect"

/** Waits for its turn, in the order of the starts, then runs. */
export type Turns = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** The same for what weighs so much: nothing overtakes what waits for room. */
export type WeighedTurns = (weight: number) => Turns

interface Waiting {
  readonly weight: number
  readonly wake: () => void
}

/** As much runs at once as weighs no more than `most`; what weighs more on its own runs alone. */
export const makeWeighedTurns = (most: number): WeighedTurns => {
  /** In the order of their starts. */
  const waiting = new Set<Waiting>()
  let running = 0

  const fits = (weight: number) => running === 0 || running + weight <= most
  const wakeNext = () => {
    for (const next of waiting) {
      if (!fits(next.weight)) return
      next.wake()
    }
  }

  return (weight) => (effect) =>
    Effect.suspend(() => {
      let mine = false
      let me: Waiting | undefined
      const turn = Effect.async<void>((resume) => {
        const wake = () => {
          if (me !== undefined) waiting.delete(me)
          mine = true
          running += weight
          resume(Effect.void)
        }
        me = { weight, wake }
        if (waiting.size === 0 && fits(weight)) wake()
        else waiting.add(me)
      })
      const end = Effect.sync(() => {
        if (me !== undefined) waiting.delete(me)
        if (mine) running -= weight
        wakeNext()
      })
      // Around both: a turn can be given at the moment when its waiter is interrupted.
      return Effect.ensuring(Effect.zipRight(turn, effect), end)
    })
}

export const makeTurns = (atOnce: number): Turns => makeWeighedTurns(atOnce)(1)
