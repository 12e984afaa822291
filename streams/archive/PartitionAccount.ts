/** What the archive files of one partition add up to, counted while they are listed. */
import type { FileFacts, GapCounts } from "../../src/domain/FileFacts.ts"
import { gapReasons, noGaps } from "../../src/domain/FileFacts.ts"
import type { ChainedFile } from "../BranchChain.ts"

/** Offsets that no file accounts for: `from` to before `until`. */
export interface Hole {
  readonly from: bigint
  readonly until: bigint
}

export interface PartitionSummary {
  readonly partition: number
  readonly files: number
  /** Of all files. */
  readonly bytes: number
  /** The first offset accounted for; where the files say nothing, that of the first record. */
  readonly firstOffset: bigint
  /** The offset behind the last one accounted for; `undefined` when the files do not say it. */
  readonly nextOffset: bigint | undefined
  /** `undefined` when the facts of some file are not known. */
  readonly records: number | undefined
  /** Milliseconds since the epoch, of the files whose facts are known. */
  readonly minTimestamp: bigint | undefined
  readonly maxTimestamp: bigint | undefined
  /** `undefined` when the facts of some file are not known. */
  readonly gaps: GapCounts | undefined
  /** Between files; `undefined` when the facts of some file are not known. */
  readonly holes: ReadonlyArray<Hole> | undefined
  /** Files that were asked, and have no facts: the original's. */
  readonly withoutFacts: number
}

const smaller = (a: bigint | undefined, b: bigint): bigint => a === undefined || b < a ? b : a
const larger = (a: bigint | undefined, b: bigint): bigint => a === undefined || b > a ? b : a

export class PartitionAccount {
  readonly first: ChainedFile
  newest: ChainedFile
  #files = 0
  #bytes = 0
  #known = 0
  #withoutFacts = 0
  #records = 0
  #start: bigint | undefined
  #next: bigint | undefined
  #minTimestamp: bigint | undefined
  #maxTimestamp: bigint | undefined
  #gaps: GapCounts = noGaps
  readonly #holes: Array<Hole> = []

  constructor(first: ChainedFile) {
    this.first = first
    this.newest = first
  }

  /** In offset order. */
  addFile(file: ChainedFile): void {
    this.#files++
    this.#bytes += file.size
    this.newest = file
  }

  /** In offset order too; not of every file. */
  addFacts(facts: FileFacts | undefined): void {
    if (facts === undefined) {
      this.#withoutFacts++
      this.#next = undefined
      return
    }
    this.#known++
    this.#records += facts.recordCount
    this.#start ??= facts.coverageStart
    if (this.#next !== undefined && facts.coverageStart > this.#next) {
      this.#holes.push({ from: this.#next, until: facts.coverageStart })
    }
    this.#next = larger(this.#next, facts.coverageNext)
    this.#minTimestamp = smaller(this.#minTimestamp, facts.minTimestamp)
    this.#maxTimestamp = larger(this.#maxTimestamp, facts.maxTimestamp)
    const before = this.#gaps
    const sum = (reason: keyof GapCounts) => before[reason] + facts.gaps[reason]
    this.#gaps = {
      compacted: sum("compacted"),
      control: sum("control"),
      aborted: sum("aborted"),
      deleted: sum("deleted"),
      unknown: sum("unknown")
    }
  }

  summary(): PartitionSummary {
    const isWhole = this.#known === this.#files
    return {
      partition: this.first.archive.partition,
      files: this.#files,
      bytes: this.#bytes,
      firstOffset: this.#start ?? this.first.archive.firstOffset,
      nextOffset: this.#next,
      records: isWhole ? this.#records : undefined,
      minTimestamp: this.#minTimestamp,
      maxTimestamp: this.#maxTimestamp,
      gaps: isWhole ? this.#gaps : undefined,
      holes: isWhole ? this.#holes : undefined,
      withoutFacts: this.#withoutFacts
    }
  }
}

/** Reasons with at least one offset. */
export const presentGaps = (gaps: GapCounts): ReadonlyArray<readonly [string, number]> =>
  gapReasons.flatMap((reason) => gaps[reason] > 0 ? [[reason, gaps[reason]] as const] : [])
