/** Turns one page of an archive listing into the files that the plan does not hold yet. */
import { parseArchiveKey } from "../../src/domain/ArchiveKey.ts"
import type { PlannedFile } from "../../src/domain/Plan.ts"
import type { Generation } from "./Generations.ts"
import type { LateFile } from "./Late.ts"
import type { PlanHistory } from "./PlanHistory.ts"
import { fileMark, plannedOf } from "./PlanHistory.ts"

export interface PlannedPage {
  readonly files: ReadonlyArray<PlannedFile>
  /** Keys that are not those of archive files. */
  readonly strange: ReadonlyArray<string>
  /** Files that appeared in front of others that are planned: too late to be planned in order. */
  readonly late: ReadonlyArray<LateFile>
  /** Files planned so far, by partition of the topic; those that the page is about. */
  readonly totals: ReadonlyMap<number, number>
}

/** Gives each new file its index and remembers it in the history. Keys must come in key order. */
export const planPage = (
  keys: ReadonlyArray<string>,
  { branches, root, topic }: Generation,
  topicsSha: string,
  history: PlanHistory
): PlannedPage => {
  const files: Array<PlannedFile> = []
  const strange: Array<string> = []
  const late: Array<LateFile> = []
  const totals = new Map<number, number>()
  for (const key of keys) {
    const archive = parseArchiveKey(key)
    const isThere = archive !== undefined && archive.topic === topic &&
      (archive.root === root || branches.includes(archive.root))
    if (!isThere) {
      strange.push(key)
      continue
    }
    const { firstOffset, partition } = archive
    const mark = fileMark(root, archive)
    const known = plannedOf(history, archive)
    totals.set(partition, known.lastIndex)
    if (known.files.has(mark)) continue
    if (firstOffset < known.lastFirstOffset) {
      late.push({ key, archive, root })
      continue
    }
    known.lastIndex++
    known.lastFirstOffset = firstOffset
    known.files.add(mark)
    totals.set(partition, known.lastIndex)
    files.push({ topic, partition, key, archive, index: known.lastIndex, topicsSha })
  }
  return { files, strange, late, totals }
}
