/** Locks by name that cost nothing while nobody holds them, for thousands of names. */
import { Effect, Option } from "effect"

export interface Lock {
  /** Waits for it, in the order of the calls. */
  readonly take: Effect.Effect<void>
  /** Gives it to the next; also gives up waiting. */
  readonly release: () => void
}

export interface Locks {
  /** To be taken once; to be released also when the taking was interrupted. */
  readonly of: (name: string) => Lock
  /** Runs the effect with the lock, if nobody has it now. */
  readonly ifFree: (
    name: string
  ) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<Option.Option<A>, E, R>
}

export const makeLocks = (): Locks => {
  /** Names that are held, with those who wait for them. */
  const held = new Map<string, Set<() => void> | undefined>()

  const of = (name: string): Lock => {
    let mine = false
    /** Only while it waits: it holds on to the fiber. */
    let wake: (() => void) | undefined
    return {
      take: Effect.async<void>((resume) => {
        const woken = () => {
          wake = undefined
          mine = true
          resume(Effect.void)
        }
        if (held.has(name)) held.set(name, (held.get(name) ?? new Set()).add(wake = woken))
        else {
          held.set(name, undefined)
          woken()
        }
      }),
      release: () => {
        const waiting = held.get(name)
        if (wake !== undefined) waiting?.delete(wake)
        wake = undefined
        if (!mine) return
        mine = false
        const [next] = waiting ?? []
        if (next === undefined) return held.delete(name)
        waiting?.delete(next)
        next()
      }
    }
  }

  return {
    of,
    ifFree: (name) => (effect) =>
      Effect.suspend(() => {
        if (held.has(name)) return Effect.succeedNone
        const lock = of(name)
        return Effect.zipRight(lock.take, Effect.asSome(effect)).pipe(
          Effect.ensuring(Effect.sync(lock.release))
        )
      })
  }
}
