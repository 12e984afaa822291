/**
 * Finds out whether the records that a target holds are from the archive at hand: generations of
 * a topic, and archives of several clusters, have the same source offsets for other records.
 */
import type { ReadRecord } from "../../src/codec/PlainRecords.ts"
import type { ReadableLayout } from "../../src/codec/RecordCursor.ts"
import { readRecords, RecordCursor } from "../../src/codec/RecordCursor.ts"
import { sameRecord } from "./SameRecord.ts"

/** A record of the target. */
export interface RestoredRecord {
  readonly sourceOffset: bigint
  readonly record: ReadRecord
}

/** Where target and archive do not agree. */
export interface Difference {
  readonly sourceOffset: bigint
  /** One sentence. */
  readonly reason: string
}

const difference = (sourceOffset: bigint, detail = ""): Difference => ({
  sourceOffset,
  reason: `the target holds other records than the archive at source offset ${sourceOffset}` +
    `${detail}: it was restored from another archive or generation; ` +
    "restore into another topic (-restore-topic-prefix) or empty it"
})

export interface OriginOptions {
  /** Offset of the plan record of the first file. */
  readonly from: bigint
  /** Source offset of that file's first record. What the target holds before it says nothing. */
  readonly firstOffset: bigint
  /** Of the last record that the target holds. */
  readonly lastSourceOffset: bigint
  /** By source offset. The first one that the archive holds too gives the answer. */
  readonly restored: ReadonlyArray<RestoredRecord>
}

export class Origin {
  /** Offset of the plan record of the first file. */
  readonly from: bigint
  readonly #lastSourceOffset: bigint
  /** Not met in the archive yet. */
  #sought: Array<RestoredRecord>
  #reached = -1n

  constructor({ firstOffset, from, lastSourceOffset, restored }: OriginOptions) {
    this.from = from
    this.#lastSourceOffset = lastSourceOffset
    this.#sought = restored.filter(({ sourceOffset }) => sourceOffset >= firstOffset)
  }

  /** One record agrees, or none can be compared, and the archive goes as far as the target. */
  get answered(): boolean {
    return this.#sought.length === 0 && this.#reached >= this.#lastSourceOffset
  }

  /** Whether a file that ends before `next` may hold what is to be compared. */
  seeks(next: bigint): boolean {
    const sought = this.#sought[0]
    return sought !== undefined && sought.sourceOffset < next
  }

  /** The archive accounts for everything up to this source offset. */
  reach(sourceOffset: bigint): void {
    if (sourceOffset > this.#reached) this.#reached = sourceOffset
  }

  /** What is to be compared before `next` cannot be read. Returns whether something is left. */
  giveUp(next: bigint): boolean {
    const left = this.#sought.filter(({ sourceOffset }) => sourceOffset >= next)
    if (left.length > 0) this.#sought = left
    return left.length > 0
  }

  /** Looks at a block before its records are used. Blocks come in order. Throws `CodecError`. */
  look(block: Buffer, layout: ReadableLayout): Difference | undefined {
    const cursor = new RecordCursor(block, layout)
    for (let at = 0; cursor.left > 0 && !this.answered; at++) {
      cursor.next()
      const offset = cursor.exactOffset()
      this.reach(offset)
      const missing = this.#pass(offset)
      if (missing !== undefined) return difference(missing)
      const sought = this.#sought[0]
      if (sought?.sourceOffset !== offset) continue
      const archived = readRecords(block, layout)[at]
      if (archived === undefined || !sameRecord(archived, sought.record)) return difference(offset)
      this.#sought = []
    }
    return undefined
  }

  /** The archive has no record between the last one and `offset`; tells when nothing is left. */
  #pass(offset: bigint): bigint | undefined {
    let missing: bigint | undefined
    for (; this.seeks(offset); this.#sought.shift()) missing = this.#sought[0]?.sourceOffset
    return this.#sought.length === 0 ? missing : undefined
  }

  /** What is to be said when there is no further file. */
  unanswered(): Difference {
    const last = this.#lastSourceOffset
    return this.#reached < last
      ? difference(last, ` (the archive ends at source offset ${this.#reached})`)
      : difference(this.#sought[0]?.sourceOffset ?? last)
  }
}
