/** Walks archive and log together, a page of either at a time, to their ends or to a difference. */
import { Effect } from "effect"
import type { TopicCounts } from "../../services/Progress.ts"
import type { ArchivedRecords } from "../../src/codec/ArchivedRecords.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import type { LoggedRecords } from "../../src/codec/LoggedRecords.ts"
import type { Difference, RecordComparison } from "../../src/codec/RecordComparison.ts"
import { decoding } from "../Decoding.ts"
import type { Side } from "./Side.ts"

export interface Sides<E, R> {
  readonly archive: Side<ArchivedRecords, E, R>
  readonly log: Side<LoggedRecords, E, R>
  readonly comparison: RecordComparison
  /** Compared records are added. */
  readonly counts: TopicCounts
  /** For messages about damage. */
  readonly place: string
  /** Whether the log may have lost the record since: then the comparison knows better now. */
  readonly isExcused: (source: bigint) => Effect.Effect<boolean, E, R>
}

/** Where the walk has ended: what each side stands on, `undefined` at its end. */
export interface Parting {
  readonly difference: Difference | undefined
  readonly archived: ArchivedRecords | undefined
  readonly logged: LoggedRecords | undefined
}

export const sideBySide = <E, R>(
  { archive, comparison, counts, isExcused, log, place }: Sides<E, R>
): Effect.Effect<Parting, E | CodecError, R> =>
  Effect.gen(function*() {
    let archived = yield* archive
    let logged = yield* log
    while (archived !== undefined && logged !== undefined) {
      const [here, there] = [archived, logged]
      const before = comparison.records
      const outcome = yield* decoding(place, () => comparison.run(here, there))
      counts.records += comparison.records - before
      if ("kind" in outcome) {
        if (outcome.kind === "missing" && (yield* isExcused(outcome.source))) continue
        return { difference: outcome, archived, logged }
      }
      if (!outcome.archived) archived = yield* archive
      if (!outcome.logged) logged = yield* log
    }
    return { difference: undefined, archived, logged }
  })
