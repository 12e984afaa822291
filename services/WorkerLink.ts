/** What a worker has of the main thread. `WorkerLinkLayer.ts` implements it. */
import type { Effect } from "effect"
import type { Companionship } from "./Companions.ts"
import type { FromWorker, WorkerEnding, WorkerStart } from "./WorkerMessages.ts"

export interface WorkerLink extends Pick<WorkerStart, "worker" | "workers"> {
  readonly send: (message: FromWorker) => void
  /** The last word. */
  readonly end: (ending: WorkerEnding) => void
  /** Returns when the worker is to stop. */
  readonly stopAsked: Effect.Effect<void>
  /** Tells the listener the number of every flush asked for, earlier ones too; one at a time. */
  readonly onFlush: (listener: (ask: number) => void) => () => void
  readonly companions: Companionship
}
