/** Looks at the archive before any work is begun, so that what is wrong with it is said at once. */
import { Effect, Schedule } from "effect"
import type { StoreError } from "../../services/ObjectStore.ts"
import { ObjectStore } from "../../services/ObjectStore.ts"
import { metaKey } from "../domain/ArchiveKey.ts"

/** Commands that start together must not meet at the same probe object. */
export const probeName = Effect.sync(() => `${Date.now()}-${crypto.randomUUID()}`)

/** About twelve seconds. Who starts hundreds of these at once meets a store that throttles. */
const busyTries = Schedule.jittered(Schedule.exponential("400 millis")).pipe(
  Schedule.intersect(Schedule.recurs(5))
)

/**
 * Runs a look at the store again while it answers that it is busy or broken. One that cannot be
 * reached at all is most likely misspelt, and said so at once.
 */
export const unlessBusy = <A, R>(look: Effect.Effect<A, StoreError, R>) => {
  const isBusy = ({ reason }: StoreError) => reason === "Throttled" || reason === "Failed"
  return look.pipe(
    Effect.tapError((error) =>
      isBusy(error) ? Effect.logWarning(`the store is not ready: ${error.message}`) : Effect.void
    ),
    Effect.retry({ schedule: busyTries, while: isBusy })
  )
}

/** Fails when the archive cannot be reached, read or, when asked for, written. */
export const checkArchive = (
  options: { readonly prefix: string; readonly write: boolean }
): Effect.Effect<void, StoreError, ObjectStore> =>
  Effect.gen(function*() {
    const store = yield* ObjectStore
    const probeKey = metaKey(options.prefix, "probe", yield* probeName)
    yield* unlessBusy(store.check({ write: options.write, probeKey }))
    yield* Effect.annotateLogs(Effect.logInfo("archive found"), {
      archive: store.name,
      prefix: options.prefix
    })
  })
