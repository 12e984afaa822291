/** Wakes everybody who waits for something to have changed. */
import { Effect } from "effect"

export class Signal {
  readonly #waiting = new Set<() => void>()
  #version = 0

  get version(): number {
    return this.#version
  }

  notify(): void {
    this.#version++
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }

  /** Returns at once if there has been a change after `version`. */
  after(version: number): Effect.Effect<void> {
    return Effect.async((resume) => {
      if (version !== this.#version) return resume(Effect.void)
      const wake = () => resume(Effect.void)
      this.#waiting.add(wake)
      return Effect.sync(() => this.#waiting.delete(wake))
    })
  }
}
