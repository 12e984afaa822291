/**
 * Restores topics from the archive as the plan topic says: a group member that consumes the plan,
 * and produces the records of its files into the same partitions of the target topics.
 */
import { Deferred, Effect, Mailbox, Schedule, Stream } from "effect"
import { Companions } from "../services/Companions.ts"
import type { ForeignSchema } from "../services/ForeignSchema.ts"
import type { Kafka, KafkaError } from "../services/Kafka.ts"
import type { ObjectStore } from "../services/ObjectStore.ts"
import { measuring } from "../services/Progress.ts"
import type { RestoreOptions } from "../src/domain/Settings.ts"
import type { GroupMembership } from "./GroupMembership.ts"
import { joinGroup } from "./GroupMembership.ts"
import { makeLeaders } from "./Leaders.ts"
import { findPlanTopic, PlanError, planPartitions, refuseCompacted } from "./PlanTopic.ts"
import { awaitWorkedOff, planExtent } from "./restore/Completion.ts"
import { makeRestoreContext } from "./restore/MakeContext.ts"
import type { RestoredFile } from "./restore/Outcome.ts"
import { failedPartition, RestoreIncomplete } from "./restore/Outcome.ts"
import { makePlanWorker } from "./restore/PlanWorker.ts"
import { makeWorkers } from "./restore/Workers.ts"

export type RestoreTopicsError = PlanError | KafkaError | RestoreIncomplete

type Services = Kafka | ObjectStore | ForeignSchema

/** When Kafka does not answer what nobody waits for. */
const always = Schedule.spaced("5 seconds")

const restore = (
  options: RestoreOptions,
  emit: (file: RestoredFile) => Effect.Effect<void>
): Effect.Effect<void, RestoreTopicsError, Services> =>
  Effect.gen(function*() {
    const { consumeDelayMs, groupId, once, planTopic } = options
    const leaders = yield* makeLeaders
    const topic = yield* findPlanTopic(leaders, planTopic)
    if (topic === undefined) {
      const message = `plan topic ${planTopic} does not exist: plan the restore first`
      return yield* new PlanError({ reason: "NoPlanTopic", message })
    }
    yield* refuseCompacted(planTopic)
    const plan = planPartitions(topic)
    const extent = yield* planExtent(plan)
    const shared = yield* makeRestoreContext(options, leaders, emit)
    const joined = yield* Deferred.make<GroupMembership>()
    const mayStart = yield* Deferred.make<void>()
    const workers = yield* makeWorkers(shared, (source) =>
      Effect.map(Deferred.await(joined), (membership) => {
        const worker = makePlanWorker(shared, options, membership, source, plan.length)
        return { ...worker, run: Effect.zipRight(Deferred.await(mayStart), worker.run) }
      }))
    const { handlers } = workers
    const membership = yield* joinGroup({ groupId, topics: [planTopic], handlers })
    yield* Deferred.succeed(joined, membership)
    yield* Effect.addFinalizer(() =>
      workers.stop
    )
    yield* measuring(workers.extent)
    yield* Effect.zipRight(Effect.sleep(consumeDelayMs), Deferred.succeed(mayStart, undefined))
      .pipe(Effect.forkScoped)

    // Without `once` nobody ends, and so nobody has to agree.
    const companions = once ? yield* Companions : undefined
    const workedOff = awaitWorkedOff(plan, extent, workers, membership, companions)
    // Without an end to reach, this only serves to tell; an absent Kafka is waited out.
    yield* Effect.raceFirst(once ? workedOff : Effect.retry(workedOff, always), membership.failure)
    const failures = shared.failures.all().map(failedPartition)
    if (once) return failures.length === 0 ? undefined : yield* new RestoreIncomplete({ failures })
    yield* failures.length === 0
      ? Effect.logInfo("everything planned so far is restored")
      : Effect.logWarning("everything planned so far is restored, but what has failed").pipe(
        Effect.annotateLogs({ failedPartitions: failures.length })
      )
    return yield* membership.failure
  }).pipe(Effect.scoped)

/**
 * Emits each file whose records are all in the target, acknowledged; the same file again when it
 * was planned or delivered again, then as skipped. With `once` ends when the plan of now is worked
 * off by the group: with `RestoreIncomplete` if partitions of this member failed. Otherwise it goes
 * on with what is planned later, and tries again what has failed.
 */
export const restoreTopics = (
  options: RestoreOptions
): Stream.Stream<RestoredFile, RestoreTopicsError, Services> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const files = yield* Mailbox.make<RestoredFile, RestoreTopicsError>({ capacity: 64 })
    yield* restore(options, (file) => Effect.asVoid(files.offer(file))).pipe(
      Mailbox.into(files),
      Effect.forkScoped
    )
    return Mailbox.toStream(files)
  }))
