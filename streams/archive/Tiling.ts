/** Whether the files of a partition account for every offset, once. */
import type { FileFacts } from "../../src/domain/FileFacts.ts"
import { Coverage } from "./Coverage.ts"
import type { Finding } from "./Finding.ts"
import type { VerifiedFile } from "./VerifyFile.ts"

/** What the files so far account for. */
export interface Tiling {
  readonly coverage: Coverage
  /** The offset behind it; `undefined`: there was no file, or it could not be read. */
  next: bigint | undefined
  /** Whether the last file said itself what it accounts for. */
  isCertain: boolean
  /** Whose records the files before say that they are: cluster id and topic id. */
  life: string | undefined
  /** Offsets without a record of which nothing is said, so far. */
  unknown: bigint
}

export const newTiling = (): Tiling => ({
  coverage: new Coverage(),
  next: undefined,
  isCertain: true,
  life: undefined,
  unknown: 0n
})

const lifeOf = ({ clusterId, topicId }: FileFacts): string =>
  `cluster ${clusterId}, topic ${topicId}`

/** All files of a partition are of one life of its topic. */
const otherLife = (tiling: Tiling, { facts, file }: VerifiedFile): ReadonlyArray<Finding> => {
  if (facts === undefined) return []
  const [before, life] = [tiling.life ?? lifeOf(facts), lifeOf(facts)]
  tiling.life = life
  if (before === life) return []
  const { archive: { partition, topic }, key } = file
  const message = `it is of ${life}, the files before it are of ${before}`
  return [{ severity: "error", kind: "contradiction", topic, partition, key, message }]
}

/** Takes the next file in offset order; returns what is wrong between it and the ones before. */
export const tile = (tiling: Tiling, verified: VerifiedFile): ReadonlyArray<Finding> => [
  ...otherLife(tiling, verified),
  ...between(tiling, verified)
]

const between = (
  tiling: Tiling,
  { facts, file, findings, found }: VerifiedFile
): ReadonlyArray<Finding> => {
  const { archive: { partition, topic }, key } = file
  const at = { topic, partition, key }
  // Of a damaged file the key is all there is to go by.
  const start = facts?.coverageStart ?? file.archive.firstOffset
  const { coverage, isCertain, next } = tiling
  if (next !== undefined && start > next) {
    const kind = facts !== undefined && isCertain ? "hole" : "unknown"
    coverage.add({ kind, from: next, until: start, files: 0 })
  }
  tiling.next = facts?.coverageNext ?? (found === undefined ? undefined : found.lastOffset + 1n)
  tiling.isCertain = facts !== undefined
  coverage.add({
    kind: findings.length === 0 ? "archived" : "damaged",
    from: start,
    until: tiling.next ?? start + 1n,
    files: 1
  })
  if (facts === undefined && found !== undefined) {
    tiling.unknown += found.lastOffset - found.firstOffset + 1n - BigInt(found.recordCount)
  }
  if (next === undefined || start === next) return []
  if (start > next) {
    if (facts !== undefined && isCertain) {
      const message = `no file accounts for the offsets ${next} to ${start - 1n}, in front of it`
      return [{ severity: "error", kind: "hole", ...at, message }]
    }
    tiling.unknown += start - next
    return []
  }
  if (tiling.next !== undefined && tiling.next < next) tiling.next = next
  const message = `the offsets ${start} to ${next - 1n} are in files before it too`
  // The original's replicas may write the same records twice; ours never do.
  const severity = facts !== undefined && isCertain ? "error" : "warning"
  return [{ severity, kind: "overlap", ...at, message }]
}
