/**
 * Turns the records of an archive file back into the record sections of produce batches, by
 * copying, with the source offset as first header. The reverse of `RecordEncoder.ts`.
 */
import { Buffer } from "node:buffer"
import type { TopicPartition } from "../domain/TopicPartition.ts"
import { topicPartitionName } from "../domain/TopicPartition.ts"
import type { BufferPool } from "./BufferPool.ts"
import { CodecError, corrupt } from "./CodecError.ts"
import { copyBytes } from "./CopyBytes.ts"
import { applyNulls } from "./NullHeaders.ts"
import { OpenBatch } from "./OpenBatch.ts"
import { batchHeaderBytes } from "./RecordBatch.ts"
import type { ReadableLayout } from "./RecordCursor.ts"
import { RecordCursor } from "./RecordCursor.ts"
import type { RecordFilter } from "./RecordFilter.ts"
import { checkPlace, outOfOrder, placeBytes } from "./RecordPlace.ts"
import { SourceOffsetHeader } from "./SourceOffsetHeader.ts"
import { sizeOfVarint, sizeOfVarlong, writeVarint, writeVarlong } from "./Varint.ts"

/** The zigzag varint -1: a key or value that is null. */
const nullLength = 1

/** Records of one batch to produce, not yet compressed, as `BatchWriter.ts` seals it. */
export interface AssembledBatch {
  /** The record section; belongs to whoever is handed the batch. */
  readonly records: Buffer
  readonly recordCount: number
  /** Milliseconds since the epoch; the first record's. */
  readonly baseTimestamp: bigint
  readonly maxTimestamp: bigint
  readonly firstSourceOffset: bigint
  readonly lastSourceOffset: bigint
  /** Bytes of the largest record in the section, everything included. */
  readonly largestRecord: number
  /** Of keys, values and headers alone, as `RecordCursor.contentBytes` counts them. */
  readonly contentBytes: number
}

export interface BatchAssemblerOptions {
  /** Bytes of a whole batch before compression, its header included. */
  readonly maxBatchBytes: number
  readonly layout: ReadableLayout
  /** Name of the header that carries the source offset. */
  readonly sourceOffsetHeader: string
  /** Which records to take; absent: all. */
  readonly filter?: RecordFilter | undefined
  /** Where batches' bytes come from, for receivers that give them back. */
  readonly buffers?: BufferPool
  /** Called from within `append` and `flush`. */
  readonly onBatch: (batch: AssembledBatch) => void
}

const isThrough = (record: RecordCursor, skipThrough: bigint): boolean =>
  Number.isNaN(record.offset)
    ? record.exactOffset() <= skipThrough
    : record.offset <= Number(skipThrough)

export class BatchAssembler {
  readonly #source: TopicPartition
  readonly #place: Buffer
  readonly #options: BatchAssemblerOptions
  readonly #sourceOffset: SourceOffsetHeader
  #layout: ReadableLayout
  #batch = new OpenBatch()
  /** Of the file's last record; NaN when it is no safe integer. */
  #offset = -1
  #exactOffset = -1n

  /** `source`: where the archive file's key says that its records come from. */
  constructor(source: TopicPartition, options: BatchAssemblerOptions) {
    this.#source = source
    this.#place = placeBytes(source)
    this.#options = options
    this.#layout = options.layout
    this.#sourceOffset = new SourceOffsetHeader(options.sourceOffsetHeader)
  }

  /** The blocks that follow are another file's: offsets may start anew; the open batch goes on. */
  startFile(layout: ReadableLayout): void {
    this.#layout = layout
    this.#offset = -1
  }

  /**
   * Adds the records of a decoded block that the filter takes, but those with an offset of
   * `skipThrough` or less. Throws
   * `CodecError`, Mismatch when a record belongs to another partition, Corrupt when the block is
   * damaged or its offsets do not grow; then no record of the block has been taken.
   */
  append(block: Buffer, recordCount: number, skipThrough: bigint): void {
    const before = new OpenBatch().become(this.#batch)
    const offset = this.#offset
    const exactOffset = this.#exactOffset
    const done: Array<AssembledBatch> = []
    try {
      this.#assemble(block, recordCount, skipThrough, done)
    } catch (error) {
      this.#batch = before
      this.#offset = offset
      this.#exactOffset = exactOffset
      if (!(error instanceof CodecError) || error.reason === "Mismatch") throw error
      const message = `${topicPartitionName(this.#source)}: ${error.message}`
      throw new CodecError({ reason: error.reason, message })
    }
    for (const batch of done) this.#options.onBatch(batch)
  }

  /** Hands out the open batch, unless it is empty. */
  flush(): void {
    const batch = this.#batch
    if (batch.recordCount === 0) return
    this.#batch = new OpenBatch()
    this.#options.onBatch(batch.assembled())
  }

  #assemble(
    block: Buffer,
    recordCount: number,
    skipThrough: bigint,
    done: Array<AssembledBatch>
  ): void {
    const limit = this.#options.maxBatchBytes - batchHeaderBytes
    const sourceOffset = this.#sourceOffset
    const { filter } = this.#options
    const record = new RecordCursor(block, this.#layout)
    for (let index = 0; index < recordCount; index++) {
      record.next()
      checkPlace(this.#source, this.#place, block, record.placeAt, record.placeEnd)
      this.#checkOrder(record)
      if (isThrough(record, skipThrough) || filter?.(record) === false) continue
      if (Number.isNaN(record.offset)) sourceOffset.setExact(record.exactOffset())
      else sourceOffset.set(record.offset)

      const fields = record.fieldBytes + sizeOfVarint(record.headers + 1) + sourceOffset.length
      let batch = this.#batch
      let body = this.#bodySize(batch, record, fields)
      if (batch.recordCount > 0 && batch.length + sizeOfVarint(body) + body > limit) {
        done.push(batch.assembled())
        batch = this.#batch = new OpenBatch()
      }
      if (batch.recordCount === 0) {
        batch.start(record)
        body = this.#bodySize(batch, record, fields)
      }
      const size = sizeOfVarint(body) + body
      if (batch.length + size > batch.bytes.length) {
        // More records than this block's will come: a buffer for a whole batch, at once.
        batch.grow(size, limit, limit, this.#options.buffers)
      }
      this.#write(batch, record, body)
      batch.count(record, size)
    }
    if (record.left !== 0) throw corrupt(`${record.left} bytes follow the ${recordCount} records`)
  }

  #checkOrder(record: RecordCursor): void {
    const offset = record.offset
    if (!(offset > this.#offset)) {
      const exact = record.exactOffset()
      const previous = Number.isNaN(this.#offset) ? this.#exactOffset : BigInt(this.#offset)
      if (exact <= previous) throw outOfOrder(exact, previous)
      this.#exactOffset = exact
    }
    this.#offset = offset
  }

  /** Bytes of the record without its length. */
  #bodySize(batch: OpenBatch, record: RecordCursor, fields: number): number {
    const delta = batch.timestampDelta(record)
    const deltaSize = Number.isNaN(delta)
      ? sizeOfVarlong(batch.exactTimestampDelta(record))
      : sizeOfVarint(delta)
    return 1 + deltaSize + sizeOfVarint(batch.recordCount) + fields
  }

  #write(batch: OpenBatch, record: RecordCursor, body: number): void {
    const out = batch.bytes
    const block = record.block
    let at = writeVarint(out, batch.length, body)
    // The attributes of a record are unused.
    out[at++] = 0
    const delta = batch.timestampDelta(record)
    if (Number.isNaN(delta)) at = writeVarlong(out, at, batch.exactTimestampDelta(record))
    else at = writeVarint(out, at, delta)
    at = writeVarint(out, at, batch.recordCount)
    if (record.keyIsNull) out[at++] = nullLength
    else at = copyBytes(block, record.keyAt, record.keyEnd, out, at)
    if (record.valueIsNull) out[at++] = nullLength
    else at = copyBytes(block, record.valueAt, record.valueEnd, out, at)
    at = writeVarint(out, at, record.headers + 1)
    at = copyBytes(this.#sourceOffset.bytes, 0, this.#sourceOffset.length, out, at)
    const entriesAt = at
    at = copyBytes(record.headerBytes, record.entriesAt, record.entriesEnd, out, at)
    if (record.nullHeaders.length > 0) {
      applyNulls(out, entriesAt, record.headers, record.nullHeaders)
    }
    batch.length = at
  }
}
