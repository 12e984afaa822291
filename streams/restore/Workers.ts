/** The workers of the plan partitions that this member owns, as the group gives and takes them. */
import type { Scope } from "effect"
import { Effect, Fiber } from "effect"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import type { Kafka } from "../../services/Kafka.ts"
import type { ObjectStore } from "../../services/ObjectStore.ts"
import type { Extent } from "../../services/Progress.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import type { GroupHandlers } from "../group/Callbacks.ts"
import type { PlanWorker } from "./PlanWorker.ts"
import type { RestoreContext } from "./RestoreContext.ts"

export interface Workers {
  readonly handlers: GroupHandlers
  /** The worker of a plan partition, if it is ours. */
  readonly of: (partition: number) => PlanWorker | undefined
  /** How far all of them are, in files. */
  readonly extent: () => Extent
  /** Stops all of them and commits what they have finished. */
  readonly stop: Effect.Effect<void>
}

/** How long a last commit may take. */
const lastCommit = "2 seconds"

interface Running {
  readonly worker: PlanWorker
  readonly fiber: Fiber.RuntimeFiber<never>
}

/** Workers live in the scope given; `make` is asked for one per partition assigned. */
export const makeWorkers = (
  shared: RestoreContext,
  make: (plan: TopicPartition) => Effect.Effect<PlanWorker>
): Effect.Effect<Workers, never, Kafka | ObjectStore | ForeignSchema | Scope.Scope> =>
  Effect.gen(function*() {
    const services = yield* Effect.context<Kafka | ObjectStore | ForeignSchema>()
    const scope = yield* Effect.scope
    const running = new Map<number, Running>()
    let joined = false

    const start = (plan: TopicPartition) =>
      Effect.gen(function*() {
        if (running.has(plan.partition)) return
        const worker = yield* make(plan)
        const fiber = yield* Effect.forkIn(Effect.provide(worker.run, services), scope)
        running.set(plan.partition, { worker, fiber })
      })

    const halt = (plan: TopicPartition, commits: boolean) =>
      Effect.gen(function*() {
        const found = running.get(plan.partition)
        if (found === undefined) return
        running.delete(plan.partition)
        yield* Fiber.interrupt(found.fiber)
        if (commits) yield* commitLast([found.worker])
        yield* shared.failures.clear(plan)
      })

    const each = (
      partitions: ReadonlyArray<TopicPartition>,
      what: (plan: TopicPartition) => Effect.Effect<void>
    ) => Effect.forEach(partitions, what, { concurrency: "unbounded", discard: true })

    return {
      handlers: {
        assigned: (partitions) =>
          Effect.zipLeft(each(partitions, start), Effect.sync(() => (joined = true))),
        revoked: (partitions) => each(partitions, (plan) => halt(plan, true)),
        lost: (partitions) => each(partitions, (plan) => halt(plan, false))
      },
      of: (partition) => running.get(partition)?.worker,
      extent: () => {
        const extents = Array.from(running.values(), ({ worker }) => worker.extent())
        return {
          topics: extents.flatMap(({ topics }) => topics),
          complete: joined && extents.every(({ complete }) => complete)
        }
      },
      stop: Effect.suspend(() => {
        const all = [...running.values()]
        running.clear()
        return Effect.zipRight(
          Fiber.interruptAll(all.map(({ fiber }) => fiber)),
          commitLast(all.map(({ worker }) => worker))
        )
      })
    }
  })

const commitLast = (workers: ReadonlyArray<PlanWorker>) =>
  Effect.forEach(workers, ({ commit }) => commit, { concurrency: 8, discard: true }).pipe(
    Effect.interruptible,
    Effect.timeoutOption(lastCommit),
    Effect.asVoid
  )
