/** A bound on bytes in memory, shared by everything that fills and empties it. */
import { Effect } from "effect"

export interface ByteBudget {
  /** Bytes in use now. */
  readonly used: () => number
  /** Waits until less than the limit is in use; what is added next may exceed it once. */
  readonly room: Effect.Effect<void>
  readonly add: (bytes: number) => void
  readonly remove: (bytes: number) => void
}

export const makeByteBudget = (limit: number): ByteBudget => {
  let used = 0
  const waiting = new Set<() => void>()

  // Checked where the waiter is registered: a fiber may yield between two effects.
  const belowLimit = Effect.async<void>((resume) => {
    if (used < limit) return resume(Effect.void)
    const wake = () => resume(Effect.void)
    waiting.add(wake)
    return Effect.sync(() => waiting.delete(wake))
  })

  const room: Effect.Effect<void> = Effect.suspend(() =>
    used < limit ? Effect.void : Effect.zipRight(belowLimit, room)
  )

  return {
    used: () => used,
    room,
    add: (bytes) => {
      used += bytes
    },
    remove: (bytes) => {
      used -= bytes
      if (used >= limit) return
      const woken = [...waiting]
      waiting.clear()
      for (const wake of woken) wake()
    }
  }
}
