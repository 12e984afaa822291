/** The workers of this process, and what operators ask of them all at once. */
import { Deferred, Effect, Layer } from "effect"
import { FlushRequests } from "./FlushRequests.ts"
import type { SignalSource } from "./FlushRequestsLayer.ts"
import { FlushRequestsLayer } from "./FlushRequestsLayer.ts"
import { FlushServerLayer } from "./FlushServerLayer.ts"
import { HttpListenerLayer } from "./HttpListenerLayer.ts"
import { MetricsServerLayer } from "./MetricsServerLayer.ts"
import { WorkerPool } from "./WorkerPool.ts"
import { WorkerPoolLayer } from "./WorkerPoolLayer.ts"

export interface SupervisorSettings {
  readonly workers: number
  /** The module that each worker runs. */
  readonly entry: URL
  readonly metricsPort: number
  /** `undefined`: there is nothing to flush. */
  readonly flush: { readonly signals: SignalSource; readonly port: number | undefined } | undefined
}

const MetricsLayer = (port: number) =>
  Layer.unwrapEffect(
    Effect.map(WorkerPool, ({ metrics }) => MetricsServerLayer({ port, families: metrics }))
  )

const answerFlushes = Effect.gen(function*() {
  const requests = yield* FlushRequests
  const { flush } = yield* WorkerPool
  const { reply } = yield* requests.take
  yield* Effect.flatMap(Effect.exit(flush), (outcome) => Deferred.done(reply, outcome))
}).pipe(Effect.forever)

const FlushLayer = ({ port, signals }: NonNullable<SupervisorSettings["flush"]>) =>
  Layer.scopedDiscard(Effect.forkScoped(answerFlushes)).pipe(
    Layer.merge(port === undefined ? Layer.empty : FlushServerLayer({ port })),
    Layer.provide(FlushRequestsLayer(signals))
  )

export const SupervisorLayer = (settings: SupervisorSettings): Layer.Layer<WorkerPool> =>
  Layer.mergeAll(
    MetricsLayer(settings.metricsPort),
    settings.flush === undefined ? Layer.empty : FlushLayer(settings.flush)
  ).pipe(
    Layer.provide(HttpListenerLayer),
    Layer.provideMerge(WorkerPoolLayer(settings.workers, settings.entry))
  )
