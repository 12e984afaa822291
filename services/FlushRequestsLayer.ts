/** Requests for a flush, from callers and from a signal, in order of arrival. */
import { Deferred, Effect, FiberSet, Layer, Queue } from "effect"
import type { FlushOutcome, FlushRequest } from "./FlushRequests.ts"
import { FlushRequests } from "./FlushRequests.ts"

/** Calls the listener at every signal; the answer ends that. */
export type SignalSource = (listener: () => void) => () => void

const logOutcome = (request: Effect.Effect<FlushOutcome, string>): Effect.Effect<void> =>
  Effect.matchEffect(request, {
    onFailure: (error) =>
      Effect.annotateLogs(Effect.logError("flush on signal failed"), "error", error),
    onSuccess: ({ committed, files }) =>
      Effect.annotateLogs(
        committed
          ? Effect.logInfo("flushed on signal")
          : Effect.logWarning("flushed on signal, commit pending"),
        "files",
        files
      )
  })

export const FlushRequestsLayer = (signals: SignalSource): Layer.Layer<FlushRequests> =>
  Layer.scoped(
    FlushRequests,
    Effect.gen(function*() {
      const waiting = yield* Queue.unbounded<FlushRequest>()
      const request = Effect.gen(function*() {
        const reply = yield* Deferred.make<FlushOutcome, string>()
        yield* Queue.offer(waiting, { reply })
        return yield* Deferred.await(reply)
      })
      const fork = yield* FiberSet.makeRuntime<never>()
      yield* Effect.acquireRelease(
        Effect.sync(() => signals(() => void fork(logOutcome(request)))),
        (end) => Effect.sync(end)
      )
      return { take: Queue.take(waiting), request }
    })
  )
