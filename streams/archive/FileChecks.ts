/** Whether an archive file is what its key and its facts say. */
import type { BlockStats } from "../../src/codec/BlockStats.ts"
import type { ArchiveKey } from "../../src/domain/ArchiveKey.ts"
import { parseLaterRoot } from "../../src/domain/ArchiveKey.ts"
import type { FileFacts } from "../../src/domain/FileFacts.ts"
import { gapReasons } from "../../src/domain/FileFacts.ts"

/** What two runs of records add up to, the second behind the first. */
export const addStats = (sum: BlockStats | undefined, next: BlockStats): BlockStats =>
  sum === undefined ? next : {
    recordCount: sum.recordCount + next.recordCount,
    firstOffset: sum.firstOffset,
    lastOffset: next.lastOffset,
    minTimestamp: sum.minTimestamp < next.minTimestamp ? sum.minTimestamp : next.minTimestamp,
    maxTimestamp: sum.maxTimestamp > next.maxTimestamp ? sum.maxTimestamp : next.maxTimestamp,
    largestRecord: Math.max(sum.largestRecord, next.largestRecord)
  }

/** What the key says otherwise, a sentence each. */
export const keyProblems = (
  { firstOffset, root }: ArchiveKey,
  facts: FileFacts | undefined,
  found: BlockStats
): ReadonlyArray<string> => {
  const later = parseLaterRoot(root)
  return [
    ...(found.firstOffset === firstOffset
      ? []
      : [`its first record has the offset ${found.firstOffset}, its key says ${firstOffset}`]),
    ...(later === undefined || facts === undefined || facts.topicId === later.topicId
      ? []
      : [`it is of the topic id ${facts.topicId}, its key says ${later.topicId}`])
  ]
}

const sumOfGaps = ({ gaps }: FileFacts): number =>
  gapReasons.reduce((sum, reason) => sum + gaps[reason], 0)

/** What the facts say otherwise, a sentence each. */
export const factProblems = (facts: FileFacts, found: BlockStats): ReadonlyArray<string> => {
  const { coverageNext, coverageStart } = facts
  const says = (name: string, said: bigint | number, is: bigint | number) =>
    BigInt(said) === BigInt(is) ? [] : [`its ${name} is ${is}, its facts say ${said}`]
  const covered = coverageNext - coverageStart
  const accounted = BigInt(facts.recordCount) + BigInt(sumOfGaps(facts))
  return [
    ...says("record count", facts.recordCount, found.recordCount),
    ...says("least timestamp", facts.minTimestamp, found.minTimestamp),
    ...says("greatest timestamp", facts.maxTimestamp, found.maxTimestamp),
    ...says("largest record in bytes", facts.largestRecord, found.largestRecord),
    ...(found.firstOffset >= coverageStart && found.lastOffset < coverageNext
      ? []
      : [
        `its records have the offsets ${found.firstOffset} to ${found.lastOffset}, its facts account for ${coverageStart} to ${
          coverageNext - 1n
        }`
      ]),
    ...(accounted === covered
      ? []
      : [`its facts account for ${covered} offsets, and name ${accounted} records and gaps`])
  ]
}

/** Whether two copies of the facts, of the file and of its object, say the same. */
export const sameFacts = (a: FileFacts, b: FileFacts): boolean => form(a) === form(b)

const form = (facts: FileFacts): string =>
  JSON.stringify(facts, (_, value) => typeof value === "bigint" ? String(value) : value)
