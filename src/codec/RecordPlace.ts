/** Topic and partition inside a record: the same bytes in every record of an archive file. */
import { Buffer } from "node:buffer"
import type { TopicPartition } from "../domain/TopicPartition.ts"
import { topicPartitionName } from "../domain/TopicPartition.ts"
import type { CodecError } from "./CodecError.ts"
import { corrupt, mismatch } from "./CodecError.ts"
import { maxVarintBytes, VarintReader, writeVarint } from "./Varint.ts"

/** The Avro bytes of the two fields. */
export const placeBytes = ({ partition, topic }: TopicPartition): Buffer => {
  const name = Buffer.from(topic)
  const bytes = Buffer.alloc(name.length + 2 * maxVarintBytes)
  const at = writeVarint(bytes, 0, name.length)
  name.copy(bytes, at)
  return bytes.subarray(0, writeVarint(bytes, at + name.length, partition))
}

export const readPlace = (bytes: Buffer, start: number): TopicPartition => {
  const reader = new VarintReader(bytes, start)
  const length = reader.readInt()
  const topic = bytes.toString("utf8", reader.position, reader.position + length)
  reader.position += length
  return { topic, partition: reader.readInt() }
}

/**
 * Throws `CodecError` Mismatch, naming both, unless `bytes[start, end)` say topic and partition of
 * `source`, whose bytes are `place`.
 */
export const checkPlace = (
  source: TopicPartition,
  place: Buffer,
  bytes: Buffer,
  start: number,
  end: number
): void => {
  let same = end - start === place.length
  for (let index = 0; same && index < place.length; index++) {
    same = bytes[start + index] === place[index]
  }
  if (same) return
  // Varints can be written longer than needed, so only the values decide.
  const found = readPlace(bytes, start)
  if (found.topic === source.topic && found.partition === source.partition) return
  throw mismatch(
    `an archive file of ${topicPartitionName(source)} holds a record of ${
      topicPartitionName(found)
    }`
  )
}

/** Offsets only grow inside an archive file. */
export const outOfOrder = (offset: bigint, previous: bigint): CodecError =>
  corrupt(`the record at offset ${offset} comes after the one at ${previous}`)
