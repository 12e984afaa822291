/** Turns one page of an archive listing into the files that the plan does not hold yet. */
import { parseArchiveKey, partitionFolder } from "../../src/domain/ArchiveKey.ts"
import type { PlannedFile } from "../../src/domain/Plan.ts"
import type { PlanHistory } from "./PlanHistory.ts"

export interface PlannedPage {
  readonly files: ReadonlyArray<PlannedFile>
  /** Keys that are not those of archive files. */
  readonly strange: ReadonlyArray<string>
  /** Files that appeared in front of others that are planned: too late to be planned in order. */
  readonly late: ReadonlyArray<string>
  /** Files planned so far, by partition of the topic; those that the page is about. */
  readonly totals: ReadonlyMap<number, number>
}

/** Gives each new file its index and remembers it in the history. Keys must come in key order. */
export const planPage = (
  keys: ReadonlyArray<string>,
  place: { readonly root: string; readonly topic: string; readonly topicsSha: string },
  history: PlanHistory
): PlannedPage => {
  const files: Array<PlannedFile> = []
  const strange: Array<string> = []
  const late: Array<string> = []
  const totals = new Map<number, number>()
  for (const key of keys) {
    const archive = parseArchiveKey(key)
    if (archive === undefined || archive.root !== place.root || archive.topic !== place.topic) {
      strange.push(key)
      continue
    }
    const { firstOffset, partition, topic } = archive
    const folder = partitionFolder(place.root, archive)
    const known = history.get(folder) ??
      { lastIndex: 0, lastFirstOffset: -1n, firstOffsets: new Set<bigint>() }
    totals.set(partition, known.lastIndex)
    if (known.firstOffsets.has(firstOffset)) continue
    if (firstOffset < known.lastFirstOffset) {
      late.push(key)
      continue
    }
    known.lastIndex++
    known.lastFirstOffset = firstOffset
    known.firstOffsets.add(firstOffset)
    history.set(folder, known)
    totals.set(partition, known.lastIndex)
    files.push({
      topic,
      partition,
      key,
      archive,
      index: known.lastIndex,
      topicsSha: place.topicsSha
    })
  }
  return { files, strange, late, totals }
}
