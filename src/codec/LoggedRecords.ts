/** Walks the records of consecutive data batches of a log as positions in their bytes. */
import { Buffer } from "node:buffer"
import { corrupt } from "./CodecError.ts"
import type { DataBatch } from "./FetchedBatches.ts"
import { lastOffset } from "./RecordBatch.ts"
import { SectionCursor } from "./SectionCursor.ts"

const maxSafe = BigInt(Number.MAX_SAFE_INTEGER)

const noRecord = new SectionCursor(Buffer.alloc(0), 0)

export class LoggedRecords {
  /** Uncompressed, of the batch that the cursor stands in. */
  records: Buffer = Buffer.alloc(0)
  cursor = noRecord
  offset = -1n
  readonly #batches: ReadonlyArray<DataBatch>
  readonly #from: bigint
  readonly #until: bigint
  #batch = -1
  #left = 0
  /** Milliseconds since the epoch that the records' deltas are added to; NaN: not exact. */
  #base = NaN

  /** Only records of `[from, until)` are walked. */
  constructor(batches: ReadonlyArray<DataBatch>, from: bigint, until: bigint) {
    this.#batches = batches
    this.#from = from
    this.#until = until
  }

  /** Moves to the next record; false behind the last. Throws `CodecError` when it is damaged. */
  next(): boolean {
    do {
      while (this.#left === 0) if (!this.#open()) return false
      this.#left--
      this.cursor.next()
      this.offset = this.#header.baseOffset + BigInt(this.cursor.offsetDelta)
    } while (this.offset < this.#from)
    return this.offset < this.#until
  }

  /** Milliseconds since the epoch; NaN when it is no safe integer. */
  get timestamp(): number {
    if (this.#header.timestampType === "LogAppendTime") return this.#base
    const sum = this.#base + this.cursor.timestampDelta
    return Number.isSafeInteger(sum) ? sum : NaN
  }

  exactTimestamp(): bigint {
    const { baseTimestamp, maxTimestamp, timestampType } = this.#header
    return timestampType === "LogAppendTime"
      ? maxTimestamp
      : BigInt.asIntN(64, baseTimestamp + this.cursor.exactDelta())
  }

  get #header() {
    return this.#batches[this.#batch]!.header
  }

  #open(): boolean {
    if (this.cursor.left !== 0) {
      throw corrupt(
        `the batch up to offset ${lastOffset(this.#header)} holds more than its records`
      )
    }
    const batch = this.#batches[this.#batch + 1]
    if (batch === undefined) return false
    this.#batch++
    const { header, records } = batch
    const base = header.timestampType === "LogAppendTime"
      ? header.maxTimestamp
      : header.baseTimestamp
    this.#base = base <= maxSafe && base >= -maxSafe ? Number(base) : NaN
    this.records = records
    this.cursor = new SectionCursor(records, header.lastOffsetDelta)
    this.#left = header.recordCount
    return true
  }
}
