/** CRC-32C (Castagnoli), the checksum of record batches: hardware speed, without a copy. */
import crc32 from "@node-rs/crc32"

/** Unsigned. `previous`: the checksum of the bytes in front of these. */
export const crc32c = (bytes: Uint8Array, previous = 0): number => crc32.crc32c(bytes, previous)
