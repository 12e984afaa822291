/** Whether the archive holds the records of a buffer file that ends before the archive does. */
import { Effect, Stream } from "effect"
import type { StoreError } from "../../services/ObjectStore.ts"
import { ObjectStore } from "../../services/ObjectStore.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import { parseArchiveKey, partitionFolder } from "../../src/domain/ArchiveKey.ts"
import type { FileFacts } from "../../src/domain/FileFacts.ts"
import { storedFacts } from "../ArchiveFiles.ts"
import { listObjects } from "../StoreReads.ts"
import type { GrowingFile } from "./GrowingFile.ts"

/** Its writer has read every record of its coverage. */
const isComplete = ({ gaps }: FileFacts) => gaps.deleted === 0 && gaps.unknown === 0

/**
 * Whether archive files account for everything in the file from `from` on, by what they say of
 * themselves. Retention can have removed from Kafka what only this file has read: the archive then
 * ends behind it, and lacks it all the same. False also when a file does not say.
 */
export const isHeld = (
  file: GrowingFile,
  from: bigint
): Effect.Effect<boolean, StoreError | CodecError, ObjectStore> =>
  Effect.gen(function*() {
    const { firstOffset = 0n, root = "" } = parseArchiveKey(file.name) ?? {}
    const end = file.facts.coverageNext
    let reached = from > firstOffset ? from : firstOffset
    const keys: Array<string> = []
    let last = -1n
    yield* listObjects(partitionFolder(root, file), "").pipe(
      Stream.tap((page) =>
        Effect.sync(() => {
          for (const { key } of page) {
            const first = parseArchiveKey(key)?.firstOffset
            // The first one behind it can account for its last offsets, if they hold no record.
            if (first === undefined || last >= end) continue
            // Of those that begin before it, the last one is enough.
            if (first <= reached) keys.length = 0
            keys.push(key)
            last = first
          }
        })
      ),
      Stream.takeUntil(() => last >= end),
      Stream.runDrain
    )
    for (const key of keys) {
      if (reached >= end) break
      const facts = yield* storedFacts(key)
      if (facts === undefined || facts.coverageStart > reached || !isComplete(facts)) return false
      if (facts.coverageNext > reached) reached = facts.coverageNext
    }
    return reached >= end
  })
