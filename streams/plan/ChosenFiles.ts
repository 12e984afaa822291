/** Leaves out of a plan the files that hold nothing which is chosen, as far as that is known. */
import { Effect } from "effect"
import type { ObjectStore, StoreError } from "../../services/ObjectStore.ts"
import { parseArchiveKey } from "../../src/domain/ArchiveKey.ts"
import { overlapsTimes } from "../../src/domain/RecordRange.ts"
import type { RestoreChoice } from "../../src/domain/RestoreChoice.ts"
import { choosesTimes, isChosen, rangeOf } from "../../src/domain/RestoreChoice.ts"
import { storedFacts } from "../ArchiveFiles.ts"

/** Files whose facts are asked for at once. */
const filesAtOnce = 16

/** Of the key alone; what is no archive file stays, to be told. */
const mayHold = (choice: RestoreChoice, key: string): boolean => {
  const archive = parseArchiveKey(key)
  if (archive === undefined) return true
  const { toOffset } = rangeOf(choice, archive)
  return isChosen(choice, archive) && (toOffset === undefined || archive.firstOffset < toOffset)
}

/** Of the file's facts; a file without any stays. */
const holdsTimes = (choice: RestoreChoice, key: string) =>
  Effect.suspend(() => {
    const archive = parseArchiveKey(key)
    if (archive === undefined) return Effect.succeed(true)
    const range = rangeOf(choice, archive)
    return storedFacts(key).pipe(
      Effect.map((facts) =>
        facts === undefined || overlapsTimes(range, facts.minTimestamp, facts.maxTimestamp)
      ),
      // The restore stops there, and says what is damaged.
      Effect.catchTag("CodecError", () => Effect.succeed(true))
    )
  })

/** In their order. Asks for facts only when times are chosen. */
export const chosenKeys = (
  keys: ReadonlyArray<string>,
  choice: RestoreChoice
): Effect.Effect<ReadonlyArray<string>, StoreError, ObjectStore> => {
  const held = keys.filter((key) => mayHold(choice, key))
  return choosesTimes(choice)
    ? Effect.filter(held, (key) => holdsTimes(choice, key), { concurrency: filesAtOnce })
    : Effect.succeed(held)
}
