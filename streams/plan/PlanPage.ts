/** Sorts one page of an archive listing by what the plan holds already, and adds to the plan. */
import type { ArchiveKey } from "../../src/domain/ArchiveKey.ts"
import { parseArchiveKey } from "../../src/domain/ArchiveKey.ts"
import type { PlannedFile } from "../../src/domain/Plan.ts"
import type { Generation } from "./Generations.ts"
import type { PlanHistory } from "./PlanHistory.ts"
import { addFile, fileMark, plannedOf } from "./PlanHistory.ts"

export interface ArchiveFile {
  readonly key: string
  readonly archive: ArchiveKey
}

/** The files that the plan does not hold yet. */
export interface SortedPage {
  readonly fresh: ReadonlyArray<ArchiveFile>
  /** They begin in front of planned ones. */
  readonly late: ReadonlyArray<ArchiveFile>
  /** Keys that are not those of archive files. */
  readonly strange: ReadonlyArray<string>
  /** Partitions of the topic that the page is about. */
  readonly partitions: ReadonlySet<number>
}

/** Keys must come in key order. */
export const sortPage = (
  keys: ReadonlyArray<string>,
  { branches, root, topic }: Generation,
  history: PlanHistory
): SortedPage => {
  const fresh: Array<ArchiveFile> = []
  const late: Array<ArchiveFile> = []
  const strange: Array<string> = []
  const partitions = new Set<number>()
  for (const key of keys) {
    const archive = parseArchiveKey(key)
    const isThere = archive !== undefined && archive.topic === topic &&
      (archive.root === root || branches.includes(archive.root))
    if (!isThere) {
      strange.push(key)
      continue
    }
    partitions.add(archive.partition)
    const known = plannedOf(history, archive)
    if (known.files.has(fileMark(root, archive))) continue
    if (archive.firstOffset < known.lastFirstOffset) late.push({ key, archive })
    else fresh.push({ key, archive })
  }
  return { fresh, late, strange, partitions }
}

/** Gives the file the next index of its partition, and remembers it in the history. */
export const enlist = (
  { archive, key }: ArchiveFile,
  { root, topic }: Generation,
  topicsSha: string,
  history: PlanHistory
): PlannedFile => {
  const known = plannedOf(history, archive)
  addFile(known, root, archive)
  return { topic, partition: archive.partition, key, archive, index: known.lastIndex, topicsSha }
}
