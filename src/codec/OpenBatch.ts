/** A produce batch while records are added to it. */
import type { AssembledBatch } from "./BatchAssembler.ts"
import { RecordBuffer } from "./RecordBuffer.ts"
import type { RecordCursor } from "./RecordCursor.ts"

export class OpenBatch extends RecordBuffer {
  /** Milliseconds since the epoch; NaN when it is no safe integer. */
  #baseTimestamp = NaN
  #exactBaseTimestamp = 0n
  #contentBytes = 0

  override become(other: OpenBatch): this {
    this.#baseTimestamp = other.#baseTimestamp
    this.#exactBaseTimestamp = other.#exactBaseTimestamp
    this.#contentBytes = other.#contentBytes
    return super.become(other)
  }

  /** The first record gives the batch its base timestamp. */
  start(record: RecordCursor): void {
    this.#baseTimestamp = record.timestamp
    this.#exactBaseTimestamp = record.exactTimestamp()
    this.firstOffset = record.exactOffset()
  }

  /** The record's timestamp relative to the batch's; NaN when it is no safe integer. */
  timestampDelta(record: RecordCursor): number {
    const delta = record.timestamp - this.#baseTimestamp
    return Number.isSafeInteger(delta) ? delta : NaN
  }

  /** The same exactly. It wraps around at 64 bits, as in Java, and so does adding it back. */
  exactTimestampDelta(record: RecordCursor): bigint {
    return BigInt.asIntN(64, record.exactTimestamp() - this.#exactBaseTimestamp)
  }

  count(record: RecordCursor, size: number): void {
    this.recordCount++
    this.#contentBytes += record.contentBytes
    if (size > this.largestRecord) this.largestRecord = size
    if (Number.isNaN(record.timestamp)) this.seeExactTimestamp(record.exactTimestamp())
    else this.seeTimestamp(record.timestamp)
    if (Number.isNaN(record.offset)) {
      this.lastBase = record.exactOffset()
      this.lastDelta = 0
    } else {
      this.lastBase = 0n
      this.lastDelta = record.offset
    }
  }

  assembled(): AssembledBatch {
    const stats = this.stats()
    return {
      records: this.content(),
      recordCount: stats.recordCount,
      baseTimestamp: this.#exactBaseTimestamp,
      maxTimestamp: stats.maxTimestamp,
      firstSourceOffset: stats.firstOffset,
      lastSourceOffset: stats.lastOffset,
      largestRecord: stats.largestRecord,
      contentBytes: this.#contentBytes
    }
  }
}
