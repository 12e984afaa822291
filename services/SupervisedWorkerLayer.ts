/** One worker under supervision: its lines are written, its answers go to who has asked. */
import type { Scope } from "effect"
import { Cause, Console, Deferred, Effect, Mailbox, Stream } from "effect"
import type { Standing } from "./Companions.ts"
import type { FlushOutcome } from "./FlushRequests.ts"
import type { MetricFamily } from "./MetricFamilies.ts"
import { Progress } from "./Progress.ts"
import type { FromWorker, WorkerEnding } from "./WorkerMessages.ts"
import type { WorkerThread } from "./WorkerThread.ts"

/** A busy worker answers late: until then its last answer counts. */
const metricsPatience = "2 seconds"
/** After its last word a thread has nothing left to do. */
const endPatience = "2 seconds"

export interface SupervisedWorker {
  readonly worker: number
  readonly post: WorkerThread["post"]
  /** Now, or the last ones known. */
  readonly metrics: Effect.Effect<ReadonlyArray<MetricFamily>>
  readonly flush: Effect.Effect<FlushOutcome, string>
  /** Returns when the thread is no more. */
  readonly ending: Effect.Effect<WorkerEnding>
  /** As it has told last. */
  readonly standing: () => Standing | undefined
}

const crash = (worker: number, detail: string): WorkerEnding => ({
  outcome: "failed",
  errors: [`worker ${worker} crashed: ${detail}`],
  totals: { files: 0, records: 0, bytes: 0 }
})

const detailOf = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  return error instanceof Error ? error.message : String(error)
}

/** `moved`: run when it has told a new standing. */
export const superviseWorker = (
  worker: number,
  thread: WorkerThread,
  moved: Effect.Effect<void>
): Effect.Effect<SupervisedWorker, never, Scope.Scope> =>
  Effect.gen(function*() {
    const progress = yield* Progress
    const ending = yield* Deferred.make<WorkerEnding>()
    const flushes = new Map<number, Deferred.Deferred<FlushOutcome, string>>()
    const readings = new Map<number, Deferred.Deferred<void>>()
    let families: ReadonlyArray<MetricFamily> = []
    let standing: Standing | undefined
    let last: WorkerEnding | undefined
    let asks = 0

    const handle = (message: FromWorker): Effect.Effect<unknown> => {
      switch (message._tag) {
        case "Line":
          return Console.error(message.line)
        case "Metrics": {
          families = message.families
          const reading = readings.get(message.ask)
          return reading === undefined ? Effect.void : Deferred.succeed(reading, undefined)
        }
        case "Flushed":
        case "NotFlushed": {
          const reply = flushes.get(message.ask)
          if (reply === undefined) return Effect.void
          return message._tag === "Flushed"
            ? Deferred.succeed(reply, { files: message.files, committed: message.committed })
            : Deferred.fail(reply, message.error)
        }
        case "Standing":
          standing = message
          return moved
        case "Progress":
          return Effect.sync(() => progress.hear(worker, message))
        case "Ended":
          last = message.ending
          return Effect.forkDaemon(Effect.delay(Effect.sync(thread.end), endPatience))
      }
    }

    yield* Stream.runForEach(Mailbox.toStream(thread.said), handle).pipe(
      Effect.matchCause({
        onFailure: (cause) => last ?? crash(worker, detailOf(cause)),
        onSuccess: () => last ?? crash(worker, "its thread ended")
      }),
      Effect.flatMap((outcome) => Deferred.succeed(ending, outcome)),
      Effect.forkScoped
    )

    /** Asks, and waits for the answer for as long as there is somebody to give it. */
    const asked = <A, E>(
      _tag: "AskMetrics" | "AskFlush",
      waiting: Map<number, Deferred.Deferred<A, E>>,
      gone: Effect.Effect<A, E>
    ) =>
      Effect.gen(function*() {
        const ask = asks++
        const reply = yield* Deferred.make<A, E>()
        waiting.set(ask, reply)
        thread.post({ _tag, ask })
        return yield* Effect.raceFirst(
          Deferred.await(reply),
          Effect.zipRight(Deferred.await(ending), gone)
        ).pipe(Effect.ensuring(Effect.sync(() => waiting.delete(ask))))
      })

    return {
      worker,
      post: thread.post,
      metrics: asked("AskMetrics", readings, Effect.void).pipe(
        Effect.timeoutOption(metricsPatience),
        Effect.map(() => families)
      ),
      flush: asked("AskFlush", flushes, Effect.fail(`worker ${worker} has ended`)),
      ending: Deferred.await(ending),
      standing: () => standing
    }
  })
