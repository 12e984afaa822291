/** Looks at the snapshots of a backup all the time: none may lack a group. */
import { Effect, Option } from "effect"
import { keysUnder, seenGroups } from "./GroupsInS3.ts"

type Groups = Effect.Effect.Success<ReturnType<typeof seenGroups>>

/** The offsets of these groups, in their order; empty for one that is not in the snapshot. */
const offsetsIn = (seen: Groups, groups: ReadonlyArray<string>) => {
  const byName = new Map(seen.map((group) => [group.group_id, group]))
  return groups.map((group) =>
    (byName.get(group)?.topics ?? []).flatMap(({ partitions }) =>
      partitions.map(({ offset }) => Number(offset))
    )
  )
}

const allAt = (offset: number) => (seen: ReadonlyArray<ReadonlyArray<number>>) =>
  seen.every((found) => found.every((each) => each === offset))

/** For groups with so many positions each, and a snapshot that exists already. */
export const watchSnapshots = Effect.fnUntraced(function*(
  location: string,
  groups: ReadonlyArray<string>,
  positions: number
) {
  const lacking = new Set<string>()
  const note = (key: string, seen: Groups) => {
    const offsets = offsetsIn(seen, groups)
    offsets.forEach((found, at) => {
      if (found.length !== positions) lacking.add(`${key}: ${groups[at]} has [${found.join()}]`)
    })
    return offsets
  }
  /** None while the bucket does not answer. */
  const look = (key: string) =>
    Effect.option(Effect.sandbox(Effect.map(seenGroups(key), (seen) => note(key, seen))))
  yield* look(location).pipe(
    Effect.zipRight(Effect.sleep("50 millis")),
    Effect.forever,
    Effect.forkScoped
  )
  const kept = keysUnder(`${location}.history/`)
  return {
    /** Whether the object and the newest complete snapshot have all of them at this offset. */
    hold: (offset: number) =>
      Effect.gen(function*() {
        const newest = (yield* kept).at(-1)
        const seen = yield* Effect.forEach([location, newest ?? location], look)
        return seen.every(Option.exists(allAt(offset)))
      }),
    /** What was missing in the object at any time, or is in any snapshot that is kept. */
    lacking: Effect.gen(function*() {
      yield* Effect.forEach(yield* kept, look, { discard: true })
      return [...lacking]
    })
  }
})
