/** One pass over the positions without an outcome: look, translate, commit, read back. */
import { Effect } from "effect"
import type { RestoreGroupsOptions } from "../../src/domain/Settings.ts"
import type { Placed } from "./CommitGroup.ts"
import { commitGroup } from "./CommitGroup.ts"
import { withoutOffset } from "./Existing.ts"
import { groupsWithMembers, liveMembers } from "./Members.ts"
import { byGroup, groupsAtOnce, sharedPatience } from "./Patience.ts"
import type { Book, Open } from "./Settle.ts"
import { newBook, restored, wait } from "./Settle.ts"
import { presentTargets } from "./Targets.ts"
import type { Sources } from "./Translate.ts"
import { translate } from "./Translate.ts"

/** Tells what is settled, each time that something was committed. */
export type Tell = (book: Book) => Effect.Effect<void>

/** A dry run shows where the position would go, whoever is in the way now. */
const showPlaces = (
  placed: ReadonlyArray<Placed>,
  members: ReadonlyMap<string, string>,
  book: Book
): void => {
  for (const { open, place } of placed) {
    const state = members.get(open.group.target)
    const notes = [place.reason, state === undefined ? "" : liveMembers(`state ${state}`)]
    const reason = notes.filter((note) => note !== "").join("; ")
    restored(book, open, { ...place, reason })
  }
}

const commit = (placed: ReadonlyArray<Placed>, book: Book, tell: Tell) =>
  Effect.gen(function*() {
    const patiently = yield* sharedPatience
    const groups = byGroup(placed.map(({ open }) => open))
    const places = new Map(placed.map((each) => [each.open, each]))
    yield* Effect.forEach(
      groups,
      ([group, open]) =>
        Effect.zipRight(
          commitGroup(group, open.flatMap((each) => places.get(each) ?? []), patiently, book),
          tell(book)
        ),
      { concurrency: groupsAtOnce, discard: true }
    )
  })

/**
 * Every position given is in the book afterwards: settled, or waiting for the next pass. What
 * fails this effect concerns all positions, and nothing has been committed then.
 */
export const runPass = (
  options: RestoreGroupsOptions,
  sources: Sources,
  positions: ReadonlyArray<Open>,
  tell: Tell
) =>
  Effect.gen(function*() {
    const book = newBook()
    const present = yield* presentTargets(positions, options.onMissingTopic, book)
    const open = yield* withoutOffset(present, book)
    if (open.length === 0) return book
    const members = yield* groupsWithMembers
    const free = options.dryRun ? open : open.filter((position) => {
      const state = members.get(position.group.target)
      if (state !== undefined) wait(book, position, "trouble", liveMembers(`state ${state}`))
      return state === undefined
    })
    if (free.length === 0) return book
    const placed = yield* translate(options, sources, free, book)
    if (options.dryRun) showPlaces(placed, members, book)
    else yield* commit(placed, book, tell)
    return book
  }).pipe(Effect.withSpan("RestoreGroups.pass", { attributes: { positions: positions.length } }))
