/**
 * The header of a record batch, format 2 (KIP-98; org.apache.kafka.common.record
 * .DefaultRecordBatch): 61 bytes in front of the records, big endian.
 */
import type { Buffer } from "node:buffer"
import type { TimestampType } from "../domain/FileFacts.ts"
import { type TopicPartition, topicPartitionName } from "../domain/TopicPartition.ts"
import { type CodecError, corrupt, unsupported } from "./CodecError.ts"
import { type Compression, compressionOfAttributes } from "./Compression.ts"
import { crc32c } from "./Crc32c.ts"

export interface BatchHeader {
  /** Of the batch in its buffer, bytes. */
  readonly position: number
  /** Of the byte after the batch. */
  readonly end: number
  readonly baseOffset: bigint
  /** -1: unknown. */
  readonly leaderEpoch: number
  /** CRC-32C of everything from the attributes on, unsigned. */
  readonly crc: number
  readonly attributes: number
  readonly compression: Compression
  readonly timestampType: TimestampType
  readonly transactional: boolean
  readonly control: boolean
  /** Stays what it was when compaction takes the last record away. */
  readonly lastOffsetDelta: number
  /** Milliseconds since the epoch; the records hold deltas to it. */
  readonly baseTimestamp: bigint
  /** Milliseconds since the epoch; of every record, if the type is LogAppendTime. */
  readonly maxTimestamp: bigint
  /** -1: none. */
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly recordCount: number
}

/** Bytes of the header, up to the record section. */
export const batchHeaderBytes = 61

/** Base offset and length, which the length itself does not count. */
export const logOverheadBytes = 12

/** Where the bytes under the checksum begin. */
export const crcStart = 21

const magicAt = 16

/** Of an empty message of format 0, the shortest there is: less is no message format at all. */
const minAnyFormatBytes = logOverheadBytes + 14

const maxOffset = 2n ** 63n - 1n

const place = (source: TopicPartition, baseOffset: bigint): string =>
  `${topicPartitionName(source)}, batch at offset ${baseOffset}`

/** `orders-3, batch at offset 17`, for messages. */
export const batchPlace = (source: TopicPartition, header: BatchHeader): string =>
  place(source, header.baseOffset)

/**
 * The header of the batch at `at`, or `undefined` when no whole batch is left there. Throws
 * `CodecError`: Unsupported for the formats before Kafka 0.11 (magic 0 and 1), any later than 2,
 * and unknown codecs; Corrupt when its numbers contradict each other. The checksum is not looked
 * at: see {@link verifyCrc}.
 */
export const readBatchHeader = (
  buffer: Buffer,
  at: number,
  source: TopicPartition
): BatchHeader | undefined => {
  if (at + magicAt >= buffer.length) return undefined
  const baseOffset = buffer.readBigInt64BE(at)
  const end = at + logOverheadBytes + buffer.readInt32BE(at + 8)
  if (end > buffer.length) return undefined
  const refuse = (error: (message: string) => CodecError, why: string) =>
    error(`${place(source, baseOffset)}: ${why}`)
  const tooShort = `length ${end - at} is below the header's`
  if (end < at + minAnyFormatBytes) throw refuse(corrupt, tooShort)
  const magic = buffer.readInt8(at + magicAt)
  if (magic !== 2) {
    throw refuse(unsupported, `message format ${magic} is not supported (only 2, Kafka 0.11 on)`)
  }
  if (end < at + batchHeaderBytes) throw refuse(corrupt, tooShort)
  const attributes = buffer.readInt16BE(at + crcStart)
  const compression = compressionOfAttributes(attributes)
  if (compression === undefined) throw refuse(unsupported, `unknown codec ${attributes & 7}`)
  const lastOffsetDelta = buffer.readInt32BE(at + 23)
  const recordCount = buffer.readInt32BE(at + 57)
  if (baseOffset < 0n || lastOffsetDelta < 0 || baseOffset + BigInt(lastOffsetDelta) > maxOffset) {
    throw refuse(corrupt, `last offset delta ${lastOffsetDelta} is out of range`)
  }
  if (recordCount < 0 || recordCount > lastOffsetDelta + 1) {
    throw refuse(corrupt, `${recordCount} records in ${lastOffsetDelta + 1} offsets`)
  }
  return {
    position: at,
    end,
    baseOffset,
    leaderEpoch: buffer.readInt32BE(at + 12),
    crc: buffer.readUInt32BE(at + 17),
    attributes,
    compression,
    timestampType: (attributes & 0x08) === 0 ? "CreateTime" : "LogAppendTime",
    transactional: (attributes & 0x10) !== 0,
    control: (attributes & 0x20) !== 0,
    lastOffsetDelta,
    baseTimestamp: buffer.readBigInt64BE(at + 27),
    maxTimestamp: buffer.readBigInt64BE(at + 35),
    producerId: buffer.readBigInt64BE(at + 43),
    producerEpoch: buffer.readInt16BE(at + 51),
    baseSequence: buffer.readInt32BE(at + 53),
    recordCount
  }
}

/** Throws Corrupt unless the batch's bytes are those that the checksum was made of. */
export const verifyCrc = (buffer: Buffer, header: BatchHeader, source: TopicPartition): void => {
  const crc = crc32c(buffer.subarray(header.position + crcStart, header.end))
  if (crc !== header.crc) {
    throw corrupt(
      `${batchPlace(source, header)}: CRC-32C is ${crc.toString(16)}, the header says ` +
        header.crc.toString(16)
    )
  }
}

/** The stored record section, compressed as the header says. A view. */
export const recordSection = (buffer: Buffer, header: BatchHeader): Buffer =>
  buffer.subarray(header.position + batchHeaderBytes, header.end)

export const lastOffset = (header: BatchHeader): bigint =>
  header.baseOffset + BigInt(header.lastOffsetDelta)

/** The offset after the batch, whatever compaction has left of it. */
export const nextOffset = (header: BatchHeader): bigint => lastOffset(header) + 1n

/**
 * The offset after the last whole batch, by the headers alone; `undefined` when there is none.
 * Throws as {@link readBatchHeader} does.
 */
export const nextFetchOffset = (records: Buffer, source: TopicPartition): bigint | undefined => {
  let next: bigint | undefined
  for (let at = 0;;) {
    const header = readBatchHeader(records, at, source)
    if (header === undefined) return next
    next = nextOffset(header)
    at = header.end
  }
}
