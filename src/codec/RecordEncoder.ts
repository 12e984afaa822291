/**
 * Turns the records of fetched batches into the blocks of an archive file, by copying: the fields
 * of a Kafka record (KIP-98) are Avro's `bytes` and `map` already, but for the union tags.
 */
import { Buffer } from "node:buffer"
import type { TopicPartition } from "../domain/TopicPartition.ts"
import { topicPartitionName } from "../domain/TopicPartition.ts"
import type { BlockStats } from "./BlockStats.ts"
import type { BufferPool } from "./BufferPool.ts"
import { CodecError, corrupt } from "./CodecError.ts"
import { copyBytes } from "./CopyBytes.ts"
import type { DataBatch } from "./FetchedBatches.ts"
import { extractNulls, nullPositionsBytes } from "./NullHeaders.ts"
import { RecordBuffer } from "./RecordBuffer.ts"
import { placeBytes } from "./RecordPlace.ts"
import { SectionCursor } from "./SectionCursor.ts"
import { maxVarintBytes, writeVarint, writeVarlong } from "./Varint.ts"

/** Numbers below it can be added and written without loss; anything else goes the exact way. */
const fastLimit = 2 ** 52

/** Bytes a record gains at most, besides topic and partition: tags, ends, timestamp, offset. */
const framing = 5 + 2 * maxVarintBytes

const fastNumber = (value: bigint): number => {
  const number = Number(value)
  return number >= -fastLimit && number < fastLimit ? number : NaN
}

/** Records of one block of an archive file, not yet compressed. */
export interface EncodedBlock extends BlockStats {
  /** Belongs to whoever is handed the block. */
  readonly bytes: Buffer
}

const encoded = (block: RecordBuffer): EncodedBlock => ({
  bytes: block.content(),
  ...block.stats()
})

export interface RecordEncoderOptions {
  /** Bytes at which a block ends. A larger record makes a block of its own. */
  readonly blockBytes: number
  /** Where blocks' bytes come from, for receivers that give them back. */
  readonly buffers?: BufferPool
  /** Called from within `append` and `flush`. */
  readonly onBlock: (block: EncodedBlock) => void
}

export class RecordEncoder {
  readonly #name: string
  /** The Avro bytes of topic and partition, the same in every record. */
  readonly #place: Buffer
  readonly #options: RecordEncoderOptions
  #block = new RecordBuffer()

  constructor(source: TopicPartition, options: RecordEncoderOptions) {
    this.#name = topicPartitionName(source)
    this.#place = placeBytes(source)
    this.#options = options
  }

  /** Bytes in the open block. */
  get openBytes(): number {
    return this.#block.length
  }

  /** Bytes of memory that the open block needs: a large buffer counts as a whole. */
  get heldBytes(): number {
    const { bytes, length } = this.#block
    return bytes.length < this.#options.blockBytes ? length : bytes.length
  }

  get openRecords(): number {
    return this.#block.recordCount
  }

  /**
   * Adds the batch's records with an offset of `from` or more. Throws `CodecError` when the record
   * section does not hold what its header says; then no record of the batch has been taken, and no
   * block with one handed out.
   */
  append(batch: DataBatch, from: bigint): void {
    const before = new RecordBuffer().become(this.#block)
    const done: Array<EncodedBlock> = []
    try {
      this.#transcode(batch, from, done)
    } catch (error) {
      this.#block = before
      if (!(error instanceof CodecError)) throw error
      const where = `${this.#name}: batch at offset ${batch.header.baseOffset}`
      throw new CodecError({ reason: error.reason, message: `${where}: ${error.message}` })
    }
    this.#giveBack(before.bytes, done)
    for (const block of done) this.#options.onBlock(block)
  }

  /** What has been copied into a larger buffer is needed by nobody. */
  #giveBack({ buffer }: Buffer, done: ReadonlyArray<EncodedBlock>): void {
    const isUsed = buffer === this.#block.bytes.buffer
      || done.some(({ bytes }) => bytes.buffer === buffer)
    if (!isUsed) this.#options.buffers?.give(Buffer.from(buffer))
  }

  /** Hands out the open block, unless it is empty. */
  flush(): void {
    const block = this.#block
    if (block.recordCount === 0) return
    this.#block = new RecordBuffer()
    this.#options.onBlock(encoded(block))
  }

  #transcode({ header, records }: DataBatch, from: bigint, done: Array<EncodedBlock>): void {
    const blockBytes = this.#options.blockBytes
    const place = this.#place
    const overhead = framing + place.length
    const { baseOffset, lastOffsetDelta, recordCount } = header
    const logAppendTime = header.timestampType === "LogAppendTime"
    const baseTimestamp = logAppendTime ? header.maxTimestamp : header.baseTimestamp
    const fastTimestamp = fastNumber(baseTimestamp)
    const fastOffset = fastNumber(baseOffset + BigInt(lastOffsetDelta)) - lastOffsetDelta
    const firstDelta = Number(from - baseOffset)
    const record = new SectionCursor(records, lastOffsetDelta)

    let block = this.#block
    let out = block.bytes
    let at = block.length
    for (let index = 0; index < recordCount; index++) {
      record.next()
      if (record.offsetDelta < firstDelta) continue
      const size = record.end - record.keyAt
      const nulls = record.nullHeaders
      const room = size + overhead + (nulls === 0 ? 0 : nullPositionsBytes(nulls))
      if (at + room > blockBytes && block.recordCount > 0) {
        block.length = at
        done.push(encoded(block))
        block = this.#block = new RecordBuffer()
        out = block.bytes
        at = 0
      }
      if (at + room > out.length) {
        block.length = at
        out = block.grow(
          room,
          size + record.left + (recordCount - index) * overhead,
          blockBytes,
          this.#options.buffers
        )
      }

      if (record.keyIsNull) out[at++] = 0
      else {
        out[at++] = 2
        at = copyBytes(records, record.keyAt, record.valueAt, out, at)
      }
      // From here to the record's end the bytes are Avro's; a header count of 0 is the map's end.
      out[at++] = record.valueIsNull ? 0 : 2
      at = copyBytes(
        records,
        record.valueIsNull ? record.headersAt : record.valueAt,
        record.end,
        out,
        at
      )
      const entries = at - (record.end - record.entriesAt)
      if (record.headers > 0) out[at++] = 0
      for (let byte = 0; byte < place.length; byte++) out[at++] = place[byte]!

      const timestamp = logAppendTime ? fastTimestamp : fastTimestamp + record.timestampDelta
      if (timestamp >= -fastLimit && timestamp < fastLimit) {
        at = writeVarint(out, at, timestamp)
        block.seeTimestamp(timestamp)
      } else {
        const delta = logAppendTime ? 0n : record.exactDelta()
        const exact = BigInt.asIntN(64, baseTimestamp + delta)
        at = writeVarlong(out, at, exact)
        block.seeExactTimestamp(exact)
      }
      const offset = fastOffset + record.offsetDelta
      if (offset < fastLimit) at = writeVarint(out, at, offset)
      else at = writeVarlong(out, at, baseOffset + BigInt(record.offsetDelta))
      if (nulls === 0) out[at++] = 0
      else at = extractNulls(out, entries, record.headers, nulls, at)

      if (block.recordCount === 0) block.firstOffset = baseOffset + BigInt(record.offsetDelta)
      block.lastBase = baseOffset
      block.lastDelta = record.offsetDelta
      block.recordCount++
      if (size > block.largestRecord) block.largestRecord = size
    }
    block.length = at
    if (record.left !== 0) {
      throw corrupt(`${record.left} bytes follow its ${recordCount} records`)
    }
  }
}
