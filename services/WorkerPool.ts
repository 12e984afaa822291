/** All workers of this process as one. `WorkerPoolLayer.ts` implements it. */
import type { Effect } from "effect"
import { Context } from "effect"
import type { FlushOutcome } from "./FlushRequests.ts"
import type { MetricFamily } from "./MetricFamilies.ts"
import type { WorkerEnding } from "./WorkerMessages.ts"

export interface EndedWorker extends WorkerEnding {
  readonly worker: number
}

export class WorkerPool extends Context.Tag("kafka-data-keep/WorkerPool")<WorkerPool, {
  /**
   * Returns when all have ended, in the order in which they did. When one fails the others are
   * stopped.
   */
  readonly ended: Effect.Effect<ReadonlyArray<EndedWorker>>
  /** Of all workers, told apart by the label `worker`; of one that is busy the last ones known. */
  readonly metrics: Effect.Effect<ReadonlyArray<MetricFamily>>
  /** Flushes all; fails with one sentence for everything that went wrong. */
  readonly flush: Effect.Effect<FlushOutcome, string>
}>() {}
