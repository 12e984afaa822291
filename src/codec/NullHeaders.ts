/**
 * Null header values, which Avro's map cannot hold: written as empty ones, their positions beside
 * them. The length -1 (zigzag 1) becomes the length 0 and back by one bit, so that a header section
 * keeps its length. Both ways change the section's bytes in place.
 */
import { corrupt } from "./CodecError.ts"
import { VarintReader, writeVarint } from "./Varint.ts"

/** Bytes that {@link extractNulls} may write for so many null headers. */
export const nullPositionsBytes = (nulls: number): number => 12 + 5 * nulls

/**
 * Empties the null values of the `count` entries at `entries` and writes `null_headers` for them
 * at `at`: union branch 1, one array block of their positions. Returns the position after it.
 */
export const extractNulls = (
  bytes: Uint8Array,
  entries: number,
  count: number,
  nulls: number,
  at: number
): number => {
  const reader = new VarintReader(bytes, entries, at)
  bytes[at++] = 2
  at = writeVarint(bytes, at, nulls)
  for (let index = 0; index < count; index++) {
    const nameLength = reader.readInt()
    reader.position += nameLength
    const lengthAt = reader.position
    const length = reader.readInt()
    if (length === -1) {
      bytes[lengthAt]! &= 0xfe
      at = writeVarint(bytes, at, index)
    } else reader.position += length
  }
  bytes[at++] = 0
  return at
}

/**
 * The reverse on a copied header section: entry `positions[n]` gets the value null. Throws
 * `CodecError` Corrupt unless positions ascend, exist, and have empty values.
 */
export const applyNulls = (
  bytes: Uint8Array,
  entries: number,
  count: number,
  positions: ReadonlyArray<number>
): void => {
  const reader = new VarintReader(bytes, entries)
  let next = 0
  for (let index = 0; index < count && next < positions.length; index++) {
    const nameLength = reader.readInt()
    reader.position += nameLength
    const lengthAt = reader.position
    const length = reader.readInt()
    if (positions[next] === index) {
      if (length !== 0) throw corrupt(`header ${index} is said to be null but has a value`)
      bytes[lengthAt]! |= 1
      next++
    } else reader.position += length
  }
  if (next < positions.length) {
    throw corrupt(`null_headers names header ${positions[next]} of ${count}, or is not ascending`)
  }
}
