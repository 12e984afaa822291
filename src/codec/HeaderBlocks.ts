/** Avro maps written as several blocks, or with byte sizes in front: brought together as one. */
import { Buffer } from "node:buffer"
import { corrupt } from "./CodecError.ts"
import type { VarintReader } from "./Varint.ts"

/**
 * The entries of a map of bytes, one after the other. `reader` stands behind the entries of the
 * first block when its count is positive, behind that count when it is negative; afterwards behind
 * the map. Throws `CodecError` Corrupt when lengths or sizes do not hold.
 */
export const gatherEntries = (
  block: Buffer,
  reader: VarintReader,
  first: number,
  entriesAt: number
): { readonly bytes: Buffer; readonly count: number } => {
  const parts: Array<Buffer> = []
  let total = 0
  let count = first
  if (first > 0) {
    parts.push(block.subarray(entriesAt, reader.position))
    total = first
    count = reader.readInt()
  }
  while (count !== 0) {
    // A negative count is followed by the block's size in bytes (Avro 1.12, "Maps").
    const size = count < 0 ? reader.readNumber() : undefined
    const start = reader.position
    for (let entry = Math.abs(count); entry > 0; entry--) {
      skipBytes(reader)
      skipBytes(reader)
    }
    if (size !== undefined && reader.position - start !== size) {
      throw corrupt(`a block of headers has ${reader.position - start} bytes instead of ${size}`)
    }
    parts.push(block.subarray(start, reader.position))
    total += Math.abs(count)
    count = reader.readInt()
  }
  return { bytes: Buffer.concat(parts), count: total }
}

const skipBytes = (reader: VarintReader): void => {
  const length = reader.readInt()
  if (length < 0 || length > reader.end - reader.position) {
    throw corrupt(`a header of ${length} bytes does not fit in`)
  }
  reader.position += length
}
