/** Watches that the backup's group commits nothing that is not in the archive at that time. */
import { Effect } from "effect"
import type { TruePosition, TrueRecord } from "../truth/Truth.ts"
import { Truth } from "../truth/Truth.ts"
import { makeArchiveWatch, placeOf } from "./ArchiveWatch.ts"
import type { Findings } from "./Findings.ts"
import { backupGroup } from "./Programs.ts"

const everyMs = 4000

/** Committed beyond the archive: allowed if none of these offsets holds a record. */
interface Ahead {
  readonly place: string
  readonly archivedUpTo: number
  readonly committed: number
}

/** Looks at the commits first and at the archive then, which only grows. */
export const makeCommitWitness = Effect.gen(function*() {
  const truth = yield* Truth
  const archive = yield* makeArchiveWatch
  const ahead: Array<Ahead> = []
  const state = { looks: 0 }
  const compare = (positions: ReadonlyArray<TruePosition>, reach: ReadonlyMap<string, number>) => {
    for (const position of positions) {
      const place = placeOf(position)
      const archivedUpTo = reach.get(place) ?? 0
      const committed = position.offset
      if (committed > archivedUpTo) ahead.push({ place, archivedUpTo, committed })
    }
    state.looks++
  }
  const look = Effect.flatMap(
    truth.groupOffsets(backupGroup),
    (positions) => Effect.map(archive.look, (reach) => compare(positions, reach))
  )
  return {
    /** Never returns; brokers that are away are looked at later. */
    watching: Effect.forever(Effect.zipRight(Effect.ignore(look), Effect.sleep(everyMs))),
    looks: () => state.looks,
    /** A sentence for each archive file that did not stay as it was. */
    changes: archive.changes,
    /** Whether records of the topic were committed before they were archived. */
    judge: (topic: string, records: ReadonlyArray<TrueRecord>, findings: Findings): void => {
      for (const { archivedUpTo, committed, place } of ahead) {
        const early = records.filter((record) =>
          placeOf(record) === place && record.offset >= archivedUpTo && record.offset < committed
        )
        if (!place.startsWith(`${topic}/`) || early.length === 0) continue
        findings.difference(
          `${place}: committed up to ${committed}, archived up to ${archivedUpTo}, ` +
            `${early.length} records between`
        )
      }
    }
  }
})

export type CommitWitness = Effect.Effect.Success<typeof makeCommitWitness>
