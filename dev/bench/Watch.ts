/** Looks at a running program once a second. */
import { Clock, Effect } from "effect"
import type { Launched } from "./Launch.ts"
import { residentMemory } from "./ProcessStats.ts"

export interface Sample {
  /** Since the first look. */
  readonly seconds: number
  /** Processor time since the first look, milliseconds. */
  readonly cpuMs: number
  /** Resident memory, bytes. */
  readonly memory: number
  /** Records produced that the program has not taken in yet; 0 when nothing was asked. */
  readonly behind: number
}

/**
 * Samples for so many seconds. `behind` is asked with each look. Fails when the program ends
 * meanwhile.
 */
export const watch = (
  launched: Launched,
  seconds: number,
  behind: Effect.Effect<number> = Effect.succeed(0)
) =>
  Effect.gen(function*() {
    const samples: Array<Sample> = []
    const startMs = yield* Clock.currentTimeMillis
    const before = launched.usage().cpuMs
    const look = Effect.gen(function*() {
      const late = yield* behind
      const now = yield* Clock.currentTimeMillis
      samples.push({
        seconds: (now - startMs) / 1000,
        cpuMs: launched.usage().cpuMs - before,
        memory: residentMemory(launched.pid) ?? 0,
        behind: late
      })
      return now - startMs < seconds * 1000
    })
    const looking = Effect.repeat(Effect.delay(look, "1 second"), { while: (more) => more })
    const ended = Effect.zipRight(launched.done, Effect.never)
    yield* Effect.raceFirst(looking, ended)
    return samples
  })

/** Share of one core between the first and the last sample. */
export const coreShare = (samples: ReadonlyArray<Sample>): number => {
  const [first, last] = [samples[0], samples.at(-1)]
  if (first === undefined || last === undefined || last === first) return NaN
  return (last.cpuMs - first.cpuMs) / 1000 / (last.seconds - first.seconds)
}

export const highest = (samples: ReadonlyArray<Sample>, figure: keyof Sample): number =>
  Math.max(...samples.map((sample) => sample[figure]))
