/** What a new snapshot is held against: the main object, or what this process knows of it. */
import { Effect, Option } from "effect"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import type { ObjectStore, StoreError } from "../../services/ObjectStore.ts"
import type { GroupPositions } from "../../src/domain/GroupSnapshot.ts"
import { countPositions } from "../../src/domain/GroupSnapshot.ts"
import type { Baseline } from "./Guard.ts"
import { SnapshotError } from "./SnapshotError.ts"
import { readMain } from "./SnapshotStore.ts"

/** The main object as it was before a run. */
export interface Before {
  readonly baseline: Baseline
  /** Milliseconds since the epoch; `undefined` when there is none or it cannot be known. */
  readonly takenAtMs: number | undefined
  /** Without what could not be read of the cluster then. */
  readonly complete: boolean
  readonly groups: ReadonlyArray<GroupPositions>
}

const nothing = { takenAtMs: undefined, complete: false, groups: [] }

const unknown: Before = { ...nothing, baseline: { kind: "unknown" } }

/** The main object as it is when these groups are what it holds. */
export const beforeOf = (
  clusterId: string | undefined,
  takenAtMs: number,
  complete: boolean,
  groups: ReadonlyArray<GroupPositions>
): Before => ({
  baseline: { kind: "known", clusterId, positions: countPositions(groups) },
  takenAtMs,
  complete,
  groups
})

/**
 * Reads the main object. One that may not be read, or is damaged, is taken to be what this process
 * wrote last, if it has: a warning says so, for one that may not be read only when `denied` is
 * called for the first time. Fails when the store does not answer, and with SnapshotError
 * NotASnapshot when there is something else, which is not to be replaced.
 */
export const readBefore = (
  location: string,
  written: Before | undefined,
  denied: (error: StoreError) => Effect.Effect<void>
): Effect.Effect<Before, StoreError | SnapshotError, ObjectStore | ForeignSchema> =>
  readMain(location).pipe(
    Effect.map(Option.match({
      onNone: (): Before => ({ ...nothing, baseline: { kind: "none" } }),
      onSome: ({ lastModified, snapshot: { facts, groups } }) =>
        beforeOf(
          facts?.clusterId,
          facts?.takenAtMs ?? lastModified,
          facts?.complete ?? true,
          groups
        )
    })),
    Effect.catchTags({
      SnapshotError: (error) =>
        error.reason === "NotASnapshot"
          ? new SnapshotError({
            reason: "NotASnapshot",
            message: `${error.message}; it is left as it is, give another -s3-location`
          })
          : Effect.as(
            Effect.logWarning(
              "the snapshot that is to be replaced cannot be read: comparing with what this process has written"
            ).pipe(Effect.annotateLogs({ error: error.message })),
            written ?? unknown
          ),
      StoreError: (error) =>
        error.reason === "Denied"
          ? Effect.as(denied(error), written ?? unknown)
          : Effect.fail(error)
    })
  )
