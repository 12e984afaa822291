/**
 * Files that appear in front of planned ones. A backup that loses a partition while it uploads
 * leaves them: the new owner has archived the same records, or some of them, under other keys.
 */
import { Effect } from "effect"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import type { ObjectStore, StoreError } from "../../services/ObjectStore.ts"
import type { ArchiveKey } from "../../src/domain/ArchiveKey.ts"
import { archiveKey } from "../../src/domain/ArchiveKey.ts"
import { coverageNextOf, describeFile } from "../backup/Newest.ts"
import type { PlanHistory } from "./PlanHistory.ts"
import { plannedOf } from "./PlanHistory.ts"
import type { ArchiveFile } from "./PlanPage.ts"

/**
 * `covered`: planned files account for every offset of it. `continues`: they do so up to where the
 * plan ends, and it goes on from there; a restore passes over what it has restored already.
 * `cut off`: it belongs between planned files, and no place in the plan would put it there.
 */
export type LateVerdict = "covered" | "continues" | "cut off"

/** Files can reach over the beginning of the next one; so many in a row are taken to do so. */
const overlapping = 3

/** From the first offset that the file accounts for to the one after its last. */
const coverageOf = (root: string, late: ArchiveKey, firstOffset: bigint) =>
  Effect.gen(function*() {
    const file = yield* describeFile(archiveKey(root, late, firstOffset), firstOffset)
    return { start: file.facts?.coverageStart ?? firstOffset, next: yield* coverageNextOf(file) }
  })

/** What the plan holds of it. A file of a branch is cut off, and so is what cannot be compared. */
export const judgeLate = (
  { archive, key }: ArchiveFile,
  root: string,
  history: PlanHistory
): Effect.Effect<LateVerdict, StoreError, ObjectStore | ForeignSchema> =>
  Effect.gen(function*() {
    if (archive.root !== root) return "cut off" as const
    const { firstOffset } = archive
    const planned = [...plannedOf(history, archive).files]
      .filter((mark) => typeof mark === "bigint")
      .sort((a, b) => a < b ? -1 : 1)
    const behind = planned.findIndex((offset) => offset > firstOffset)
    const { next } = yield* coverageOf(root, archive, firstOffset)
    let reached = firstOffset
    for (let at = Math.max(0, behind - overlapping); reached < next; at++) {
      const begins = planned[at]
      if (begins === undefined) return "continues" as const
      const file = yield* coverageOf(root, archive, begins)
      if (file.start > reached) return "cut off" as const
      if (file.next > reached) reached = file.next
    }
    return "covered" as const
  }).pipe(
    Effect.catchTag("CodecError", (error) =>
      Effect.as(
        Effect.logDebug("a late file cannot be compared with the plan").pipe(
          Effect.annotateLogs({ key, error: error.message })
        ),
        "cut off" as const
      )),
    Effect.catchIf(({ reason }) => reason === "NotFound", () => Effect.succeed("cut off" as const))
  )
