/** Runs the workers of this process, from their start to the end of the last one. */
import type { Scope } from "effect"
import { Effect, Either, Layer } from "effect"
import { agreement } from "./Companions.ts"
import type { FlushOutcome } from "./FlushRequests.ts"
import { familiesByWorker } from "./MetricFamilies.ts"
import { superviseWorker } from "./SupervisedWorkerLayer.ts"
import type { SupervisedWorker } from "./SupervisedWorkerLayer.ts"
import type { EndedWorker } from "./WorkerPool.ts"
import { WorkerPool } from "./WorkerPool.ts"
import type { WorkerThread } from "./WorkerThread.ts"
import { startThread } from "./WorkerThreadLayer.ts"

/** Starts the worker of that number, from 1. */
export type StartWorker = (worker: number) => Effect.Effect<WorkerThread, never, Scope.Scope>

const combined = (
  outcomes: ReadonlyArray<Either.Either<FlushOutcome, string>>
): Either.Either<FlushOutcome, string> => {
  const errors = new Set(outcomes.filter(Either.isLeft).map(({ left }) => left))
  const flushed = outcomes.filter(Either.isRight).map(({ right }) => right)
  return errors.size > 0 ? Either.left([...errors].join("; ")) : Either.right({
    files: flushed.reduce((sum, { files }) => sum + files, 0),
    committed: flushed.every(({ committed }) => committed)
  })
}

/** Stops them all when the scope closes, and waits for the last one. */
export const makeWorkerPool = (
  workers: number,
  start: StartWorker
): Effect.Effect<typeof WorkerPool.Service, never, Scope.Scope> =>
  Effect.gen(function*() {
    const members: Array<SupervisedWorker> = []
    let agreed = false
    const post = (message: Parameters<WorkerThread["post"]>[0]) =>
      Effect.sync(() => members.forEach((member) => member.post(message)))
    const moved = Effect.suspend(() => {
      const partitions = agreed || members.length < workers
        ? undefined
        : agreement(members.map((member) => member.standing()))
      if (partitions === undefined) return Effect.void
      agreed = true
      return post({ _tag: "AllDone", partitions })
    })
    const stop = post({ _tag: "Stop" })

    const order: Array<EndedWorker> = []
    const onEnd = (member: SupervisedWorker) =>
      Effect.flatMap(member.ending, (ending) => {
        order.push({ worker: member.worker, ...ending })
        return ending.outcome === "failed" || ending.outcome === "stopped" ? stop : Effect.void
      })
    const forAll = <A, E>(what: (member: SupervisedWorker) => Effect.Effect<A, E>) =>
      Effect.forEach(members, what, { concurrency: "unbounded" })

    for (let worker = 1; worker <= workers; worker++) {
      members.push(yield* superviseWorker(worker, yield* start(worker), moved))
    }
    yield* Effect.addFinalizer(() => Effect.zipRight(stop, forAll((member) => member.ending)))
    return WorkerPool.of({
      ended: Effect.as(forAll(onEnd), order),
      metrics: Effect.map(forAll((member) => member.metrics), familiesByWorker),
      flush: Effect.flatMap(forAll((member) => Effect.either(member.flush)), combined)
    })
  })

/** Each worker runs the module `entry` in a thread of its own. */
export const WorkerPoolLayer = (workers: number, entry: URL): Layer.Layer<WorkerPool> =>
  Layer.scoped(
    WorkerPool,
    makeWorkerPool(workers, (worker) => startThread(entry, { worker, workers }))
  )
