/** What archive files say that they account for, put together per partition. */
import { Effect } from "effect"
import type { StoredFile } from "./ArchiveView.ts"
import { containerFacts, containerMetadata } from "./ArchiveView.ts"

export type Gaps = Readonly<
  Record<"compacted" | "control" | "aborted" | "deleted" | "unknown", number>
>

export interface FileCoverage {
  readonly key: string
  /** The offset in the key. */
  readonly firstOffset: number
  readonly start: number
  readonly next: number
  readonly records: number
  readonly gaps: Gaps
  readonly facts: Readonly<Record<string, string>>
}

const coverageOf = async ({ bytes, key }: StoredFile): Promise<FileCoverage> => {
  const facts = containerFacts(await containerMetadata(bytes))
  const number = (name: string) => Number(facts[name])
  return {
    key,
    firstOffset: Number(/-(\d{19})\.avro$/.exec(key)?.[1]),
    start: number("coverage-start"),
    next: number("coverage-next"),
    records: number("record-count"),
    gaps: {
      compacted: number("gaps-compacted"),
      control: number("gaps-control"),
      aborted: number("gaps-aborted"),
      deleted: number("gaps-deleted"),
      unknown: number("gaps-unknown")
    },
    facts
  }
}

/** By partition number, each in key order. */
export const coverages = (files: ReadonlyArray<StoredFile>) =>
  Effect.map(
    Effect.promise(() => Promise.all(files.map(coverageOf))),
    (all) => {
      const partitions = new Map<number, Array<FileCoverage>>()
      for (const file of all) {
        const partition = Number(file.key.split("/").at(-2))
        partitions.set(partition, [...partitions.get(partition) ?? [], file])
      }
      return partitions
    }
  )

const noGaps: Gaps = { compacted: 0, control: 0, aborted: 0, deleted: 0, unknown: 0 }

export const gapTotals = (files: ReadonlyArray<FileCoverage>): Gaps =>
  files.reduce((sum, { gaps }) => ({
    compacted: sum.compacted + gaps.compacted,
    control: sum.control + gaps.control,
    aborted: sum.aborted + gaps.aborted,
    deleted: sum.deleted + gaps.deleted,
    unknown: sum.unknown + gaps.unknown
  }), noGaps)

/**
 * What does not fit, a sentence each: files have to follow one another from `start` to `end` without
 * hole or overlap, and each offset is a record or a gap.
 */
export const misfits = (
  files: ReadonlyArray<FileCoverage>,
  start: number,
  end: number
): ReadonlyArray<string> => {
  const found: Array<string> = []
  let position = start
  for (const { firstOffset, gaps, key, next, records, start } of files) {
    if (start !== position) found.push(`${key} starts at ${start}, not ${position}`)
    const counted = records + Object.values(gaps).reduce((sum, count) => sum + count, 0)
    if (counted !== next - start) found.push(`${key} has ${counted} of ${next - start} offsets`)
    if (firstOffset < start || firstOffset >= next) found.push(`${key} begins outside`)
    if (records === 0) found.push(`${key} holds no record`)
    position = next
  }
  if (position !== end) found.push(`the files end at ${position}, not ${end}`)
  return found
}
