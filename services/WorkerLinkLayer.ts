/** A worker's end of the link to the main thread. */
import { Deferred, Effect, FiberId, FiberSet, Layer, Option, Schema } from "effect"
import type { MessagePort } from "node:worker_threads"
import { parentPort, workerData } from "node:worker_threads"
import type { Standing } from "./Companions.ts"
import { Companions } from "./Companions.ts"
import { FlushRequests } from "./FlushRequests.ts"
import { FlushRequestsLayer } from "./FlushRequestsLayer.ts"
import { metricFamilies } from "./MetricFamilies.ts"
import { showAtZero } from "./Metrics.ts"
import type { WorkerLink } from "./WorkerLink.ts"
import type { FromWorker } from "./WorkerMessages.ts"
import { ToWorker, WorkerStart } from "./WorkerMessages.ts"

const decodeStart = Schema.decodeUnknownOption(WorkerStart)
const decode = Schema.decodeUnknownSync(ToWorker)

const linkOver = (port: MessagePort, { worker, workers }: WorkerStart): WorkerLink => {
  const send = (message: FromWorker) => port.postMessage(message)
  const stop = Deferred.unsafeMake<void>(FiberId.none)
  const flushes: Array<number> = []
  let deliver: ((ask: number) => void) | undefined
  let agreed: ReadonlySet<string> | undefined
  let told: string | undefined

  port.on("message", (data) => {
    const message = decode(data)
    switch (message._tag) {
      case "Stop":
        return Deferred.unsafeDone(stop, Effect.void)
      case "AskMetrics":
        return send({ _tag: "Metrics", ask: message.ask, families: metricFamilies() })
      case "AskFlush":
        return deliver === undefined ? flushes.push(message.ask) : deliver(message.ask)
      case "AllDone":
        agreed = new Set(message.partitions)
    }
  })

  const tell = (standing: Standing) => {
    const now = JSON.stringify(standing)
    if (now === told) return
    told = now
    send({ _tag: "Standing", ...standing })
  }

  return {
    worker,
    workers,
    send,
    stopAsked: Deferred.await(stop),
    onFlush: (listener) => {
      deliver = listener
      for (const ask of flushes.splice(0)) listener(ask)
      return () => {
        deliver = undefined
      }
    },
    end: (ending) => {
      send({ _tag: "Ended", ending })
      // Else the thread would wait for the next message.
      port.unref()
    },
    companions: {
      tell: (standing) => Effect.sync(() => tell(standing)),
      agreed: () => agreed
    }
  }
}

/** `undefined` when this is no worker of the program. */
export const openWorkerLink = (): WorkerLink | undefined => {
  const start = decodeStart(workerData)
  return parentPort === null || Option.isNone(start) ? undefined : linkOver(parentPort, start.value)
}

const answerFlushes = (link: WorkerLink) =>
  Effect.gen(function*() {
    const { request } = yield* FlushRequests
    const fork = yield* FiberSet.makeRuntime<never>()
    const answer = (ask: number) =>
      Effect.match(request, {
        onFailure: (error) => link.send({ _tag: "NotFlushed", ask, error }),
        onSuccess: (outcome) => link.send({ _tag: "Flushed", ask, ...outcome })
      })
    yield* Effect.acquireRelease(
      Effect.sync(() => link.onFlush((ask) => void fork(answer(ask)))),
      (end) => Effect.sync(end)
    )
  })

/** Flushes that the main thread asks for. */
export const WorkerFlushLayer = (link: WorkerLink): Layer.Layer<FlushRequests> =>
  Layer.provideMerge(
    Layer.scopedDiscard(answerFlushes(link)),
    FlushRequestsLayer(() => () => undefined)
  )

/** What a worker has in place of servers of its own. */
export const WorkerLayer = (link: WorkerLink): Layer.Layer<never> =>
  Layer.effectDiscard(showAtZero).pipe(
    Layer.merge(Layer.succeed(Companions, link.companions))
  )
