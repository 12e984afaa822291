/** What `consumer-groups-restore` does: it puts the groups where they stood. */
import { Cause, Data, Effect, Stream } from "effect"
import type { RestoreGroupsEvent } from "../../../streams/RestoreGroups.ts"
import { restoreGroupsTelling } from "../../../streams/RestoreGroups.ts"
import type { PositionOutcome } from "../../domain/Translation.ts"
import { checkArchive } from "../ArchiveCheck.ts"
import type { Settings } from "../CommandSpec.ts"
import type { GroupsReport } from "../GroupsReport.ts"
import { countOf, groupsJson, groupsTable } from "../GroupsReport.ts"
import type { GroupsRestoreValues } from "../GroupsRestoreFlags.ts"
import { groupsRestoreOptions } from "../GroupsRestoreFlags.ts"
import { groupsLive } from "../Live.ts"
import { writeOut } from "../Output.ts"
import { serveUntilStopped } from "../Progress.ts"

class PositionsNotRestored extends Data.TaggedError("PositionsNotRestored")<{
  readonly message: string
}> {}

interface Told {
  readonly positions: Array<PositionOutcome>
  /** Positions without an answer after a pass. */
  waiting: number | undefined
  snapshot: GroupsReport["snapshot"] | undefined
  fetches: number
  bytes: number
}

const take = (told: Told, event: RestoreGroupsEvent): void => {
  switch (event.kind) {
    case "snapshot":
      told.snapshot = { key: event.key, facts: event.facts }
      return
    case "position":
      told.positions.push(event.outcome)
      return
    case "pass":
      told.waiting = event.waiting
      told.fetches = event.fetches
      told.bytes = event.bytes
  }
}

const printed = (told: Told, { dryRun, output }: GroupsRestoreValues) =>
  Effect.suspend(() => {
    const { snapshot } = told
    if (snapshot === undefined) return Effect.void
    const report = { ...told, snapshot, dryRun }
    return writeOut(output === "json" ? groupsJson(report) : groupsTable(report))
  })

/**
 * Whoever stops it in the middle shall know what has been done, and that it is not all. A failure
 * says itself that nothing has been done.
 */
const brokenOff = (told: Told, flags: GroupsRestoreValues, cause: Cause.Cause<unknown>) =>
  Effect.gen(function*() {
    const settled = told.positions.length
    if (told.snapshot === undefined) return
    if (settled === 0 && !Cause.isInterruptedOnly(cause)) return
    // It has failed already: what cannot be printed is said beside the reason.
    if (settled > 0) {
      yield* Effect.catchAll(printed(told, flags), ({ message }) => Effect.logError(message))
    }
    yield* Effect.logWarning("not all positions are settled").pipe(
      Effect.annotateLogs({
        settled,
        ...(told.waiting === undefined ? {} : { waiting: told.waiting })
      })
    )
  })

/** Skipped, and not because of an offset that is there already. */
const lacksTarget = ({ status, targetOffset }: PositionOutcome): boolean =>
  status === "skipped" && targetOffset === undefined

const incomplete = (failed: number, all: number): string =>
  `${failed} of ${all} positions ${failed === 1 ? "has" : "have"} no place in the target, ` +
  "the report names each with the reason; repair what is said there and run the same command again, it leaves alone what is restored"

const restore = (flags: GroupsRestoreValues) =>
  Effect.gen(function*() {
    if (flags.lookupBackwardsStep !== "") {
      yield* Effect.logInfo("-lookup-backwards-step has no effect: positions are found by search")
    }
    const told: Told = {
      positions: [],
      waiting: undefined,
      snapshot: undefined,
      fetches: 0,
      bytes: 0
    }
    yield* Stream.runForEach(
      restoreGroupsTelling(groupsRestoreOptions(flags)),
      (event) => Effect.sync(() => take(told, event))
    ).pipe(
      Effect.onError((cause) => brokenOff(told, flags, cause))
    )
    yield* printed(told, flags)
    const { positions } = told
    if (positions.length > 0 && positions.every(lacksTarget)) {
      yield* Effect.logWarning(
        "nothing is restored: the target has none of these topics; check -restore-topics-prefix [env RESTORE_TOPICS_PREFIX]"
      )
    }
    const failed = countOf(positions, "failed")
    if (flags.once || flags.dryRun) {
      if (failed === 0) return
      return yield* new PositionsNotRestored({ message: incomplete(failed, positions.length) })
    }
    yield* failed === 0
      ? Effect.logInfo("all positions are settled")
      : Effect.logWarning(incomplete(failed, positions.length))
    return yield* serveUntilStopped
  })

export const whenStopped = ({ own }: Settings<GroupsRestoreValues>): string =>
  own.dryRun
    ? "nothing was written; the same command begins anew"
    : "positions that are restored stay; the same command leaves them alone and restores the rest"

export const work = (settings: Settings<GroupsRestoreValues>) =>
  checkArchive({ prefix: "", write: false }).pipe(
    Effect.zipRight(restore(settings.own)),
    Effect.provide(groupsLive(settings))
  )
