/** Wakes who waits for something to change; a change before the wait counts. */
import { Effect } from "effect"

export interface Changes {
  readonly changed: () => void
  /** Returns after the next change, or at once if there was one since this was last waited for. */
  readonly next: Effect.Effect<void>
}

export const makeChanges = (): Changes => {
  const latch = Effect.unsafeMakeLatch(false)
  return {
    changed: () => {
      latch.unsafeOpen()
    },
    next: Effect.zipRight(latch.await, Effect.sync(() => latch.unsafeClose()))
  }
}
