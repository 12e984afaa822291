/** Does the work of a command in one thread, or shares it among several. */
import { Effect } from "effect"
import { workerCount } from "../domain/WorkerCount.ts"
import { workerLink } from "./Live.ts"
import type { Totals } from "./Progress.ts"

/** Which of how many workers; the first one of one is the program itself. */
export interface WorkerPlace {
  /** From 1. */
  readonly worker: number
  readonly workers: number
}

export interface SharedWork<E, F, G> {
  readonly member: (place: WorkerPlace) => Effect.Effect<Totals, E>
  /** In the main thread, before any of so many workers begins. */
  readonly prepare: (workers: number) => Effect.Effect<void, F>
  /** In the main thread, when there are several. */
  readonly supervise: (workers: number) => Effect.Effect<Totals, G>
}

/** `wanted`: as the flag has it. A worker does its part and leaves the rest to the main thread. */
export const shareWork = <E, F, G>(
  wanted: number,
  { member, prepare, supervise }: SharedWork<E, F, G>
): Effect.Effect<Totals, E | F | G> => {
  if (workerLink !== undefined) return member(workerLink)
  // The same number as os.availableParallelism().
  const workers = workerCount(wanted, navigator.hardwareConcurrency)
  return Effect.flatMap(
    prepare(workers),
    (): Effect.Effect<Totals, E | G> =>
      workers === 1 ? member({ worker: 1, workers }) : supervise(workers)
  )
}
