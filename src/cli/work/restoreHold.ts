/** The retention that `restore` holds: what an earlier one has left, and what is put back at the end. */
import { Effect } from "effect"
import { findHolds, releaseHolds } from "../../../streams/holds/HoldRetention.ts"
import type { RetentionHold } from "../../domain/RetentionHold.ts"

interface HoldFlags {
  readonly prefix: string
  readonly holdRetention: boolean
  readonly dryRun: boolean
}

const namesOf = (holds: ReadonlyArray<RetentionHold>) => ({
  topics: holds.map(({ topic }) => topic).join(", ")
})

/** Who does not hold may have an archive that says nothing of holds, or may not ask it. */
const find = ({ holdRetention, prefix }: HoldFlags) =>
  findHolds(prefix).pipe(
    Effect.catchIf(
      (error) =>
        !holdRetention && (error._tag === "CodecError" ||
          (error._tag === "StoreError" && error.reason === "Denied")),
      (error) =>
        Effect.as(
          Effect.annotateLogs(
            Effect.logWarning("whether an earlier restore holds retention cannot be read"),
            { error: error.message }
          ),
          []
        )
    )
  )

/**
 * What an earlier restore to these targets has left: returned to be taken over by one that holds,
 * put back before one that does not.
 */
export const leftHolds = (flags: HoldFlags, targets: ReadonlySet<string>) =>
  Effect.gen(function*() {
    const found = yield* find(flags)
    const [others, ours] = [
      found.filter(({ topic }) => !targets.has(topic)),
      found.filter(({ topic }) => targets.has(topic))
    ]
    if (others.length > 0) {
      yield* Effect.annotateLogs(
        Effect.logWarning("an earlier restore still holds the retention of other topics"),
        namesOf(others)
      )
    }
    if (ours.length === 0) return ours
    if (flags.dryRun || flags.holdRetention) {
      yield* Effect.annotateLogs(
        Effect.logInfo(
          "an earlier restore holds retention; one without -hold-retention puts it back first"
        ),
        namesOf(ours)
      )
      return ours
    }
    yield* Effect.annotateLogs(
      Effect.logInfo("retention that an earlier restore holds is put back"),
      namesOf(ours)
    )
    yield* releaseHolds(flags.prefix, ours)
    return []
  })

/** For a restore that ends before it is complete. */
export const tellStillHeld = (holds: ReadonlyArray<RetentionHold>) =>
  holds.length === 0 ? Effect.void : Effect.annotateLogs(
    Effect.logWarning(
      "retention stays held, since the restore is not complete: the same command goes on and puts " +
        "it back at its end, without -hold-retention it puts it back at its start"
    ),
    namesOf(holds)
  )
