/** Backs up what all consumer groups of a cluster have committed, again and again. */
import { Effect, Option, Schedule, Stream } from "effect"
import type { ForeignSchema } from "../services/ForeignSchema.ts"
import type { Kafka } from "../services/Kafka.ts"
import type { ObjectStore } from "../services/ObjectStore.ts"
import type { BackupGroupsOptions } from "../src/domain/Settings.ts"
import type { RunError, Runs } from "./snapshot/Runs.ts"
import { makeRuns } from "./snapshot/Runs.ts"
import type { SnapshotRun } from "./snapshot/SnapshotRun.ts"

export type BackupGroupsError = RunError

type Services = Kafka | ObjectStore | ForeignSchema

/** Between two updates of the age of the newest good snapshot. */
const ageInterval = "5 seconds"

const oneRun = ({ next }: Runs): Stream.Stream<SnapshotRun, BackupGroupsError, Services> =>
  Stream.unwrap(Effect.map(next, ({ problem, run }) => {
    const told = Stream.make(run)
    return problem === undefined ? told : Stream.concat(told, Stream.fail(problem))
  }))

/** The first failure says that something is set up wrong; a later one, that something is away. */
const runsForEver = (
  { next }: Runs,
  intervalMs: number
): Stream.Stream<SnapshotRun, BackupGroupsError, Services> =>
  Stream.suspend(() => {
    let started = false
    const tried = Effect.suspend(() => {
      if (!started) return Effect.asSome(next)
      return Effect.asSome(next).pipe(Effect.catchAll((error) =>
        Effect.as(
          Effect.logWarning("no snapshot could be taken or stored this time").pipe(
            Effect.annotateLogs({ error: error.message })
          ),
          Option.none()
        )
      ))
    }).pipe(Effect.tap(() => {
      started = true
    }))
    return Stream.repeatEffectWithSchedule(tried, Schedule.fixed(intervalMs)).pipe(
      Stream.filterMap(Option.map(({ run }) => run))
    )
  })

/**
 * Takes a snapshot of all groups at once and then every `runIntervalMs`, and emits what became of
 * each: it replaces the object at the location unless the guard holds it back, and is kept in the
 * history when one is due. Two backups with one location do no harm: the last one writes.
 *
 * Fails when the first run does: Kafka or the store cannot be reached, or does not permit it, or
 * something else than a snapshot is at the location (SnapshotError NotASnapshot). After
 * that a run that fails is a warning, and the next one comes at its time. With `once` it ends after
 * one run; then with SnapshotError HeldBack, OtherCluster or Incomplete if that run was no success,
 * after it has stored what can be stored.
 */
export const backupGroups = (
  options: BackupGroupsOptions
): Stream.Stream<SnapshotRun, BackupGroupsError, Services> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const runs = makeRuns(options)
    yield* Effect.forkScoped(Effect.schedule(runs.showAge, Schedule.spaced(ageInterval)))
    return options.once ? oneRun(runs) : runsForEver(runs, options.runIntervalMs)
  }))
