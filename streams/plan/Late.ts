/**
 * Files that came too late to be planned in order. A backup that loses a partition while it
 * uploads leaves one: the new owner has archived the same records already, under other keys.
 */
import { Effect } from "effect"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import type { ObjectStore, StoreError } from "../../services/ObjectStore.ts"
import type { ArchiveKey } from "../../src/domain/ArchiveKey.ts"
import { archiveKey } from "../../src/domain/ArchiveKey.ts"
import { coverageNextOf, describeFile } from "../backup/Newest.ts"
import type { PlanHistory } from "./PlanHistory.ts"
import { plannedOf } from "./PlanHistory.ts"

/** A file that begins in front of planned ones. */
export interface LateFile {
  readonly key: string
  readonly archive: ArchiveKey
  /** Of the generation; that of a file of a branch is another. */
  readonly root: string
}

/** Files can reach over the beginning of the next one; so many in a row are taken to do so. */
const overlapping = 3

/** From the first offset that the file accounts for to the one after its last. */
const coverageOf = (root: string, late: ArchiveKey, firstOffset: bigint) =>
  Effect.gen(function*() {
    const file = yield* describeFile(archiveKey(root, late, firstOffset), firstOffset)
    return { start: file.facts?.coverageStart ?? firstOffset, next: yield* coverageNextOf(file) }
  })

/**
 * Whether planned files account for every offset from its first record on. A file of a branch is
 * never covered, nor is one when a file cannot be read.
 */
export const isCovered = (
  { archive, key, root }: LateFile,
  history: PlanHistory
): Effect.Effect<boolean, StoreError, ObjectStore | ForeignSchema> =>
  Effect.gen(function*() {
    if (archive.root !== root) return false
    const { firstOffset } = archive
    const planned = [...plannedOf(history, archive).files]
      .filter((mark) => typeof mark === "bigint")
      .sort((a, b) => a < b ? -1 : 1)
    const behind = planned.findIndex((offset) => offset > firstOffset)
    const { next } = yield* coverageOf(root, archive, firstOffset)
    let reached = firstOffset
    for (let at = Math.max(0, behind - overlapping); reached < next; at++) {
      const begins = planned[at]
      if (begins === undefined) return false
      const file = yield* coverageOf(root, archive, begins)
      if (file.start > reached) return false
      if (file.next > reached) reached = file.next
    }
    return true
  }).pipe(
    Effect.catchTag("CodecError", (error) =>
      Effect.as(
        Effect.logDebug("a late file cannot be compared with the plan").pipe(
          Effect.annotateLogs({ key, error: error.message })
        ),
        false
      )),
    Effect.catchIf(({ reason }) => reason === "NotFound", () => Effect.succeed(false))
  )
