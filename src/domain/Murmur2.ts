/** Java's key hash: which partition a keyed record goes to, as `DefaultPartitioner` decides it. */

const seed = 0x9747b28c
const multiplier = 0x5bd1e995

/** `org.apache.kafka.common.utils.Utils.murmur2`, as a signed 32-bit number. */
export const murmur2 = (bytes: Uint8Array): number => {
  const whole = bytes.length & ~3
  let hash = seed ^ bytes.length
  for (let at = 0; at < whole; at += 4) {
    const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) |
      (bytes[at + 3]! << 24)
    const mixed = Math.imul(word, multiplier)
    hash = Math.imul(hash, multiplier) ^ Math.imul(mixed ^ (mixed >>> 24), multiplier)
  }
  const rest = bytes.length - whole
  if (rest === 3) hash ^= bytes[whole + 2]! << 16
  if (rest >= 2) hash ^= bytes[whole + 1]! << 8
  if (rest >= 1) hash = Math.imul(hash ^ bytes[whole]!, multiplier)
  hash = Math.imul(hash ^ (hash >>> 13), multiplier)
  return hash ^ (hash >>> 15)
}

/** The partition of a key among `partitions`. */
export const partitionOfKey = (key: Uint8Array, partitions: number): number =>
  (murmur2(key) & 0x7fffffff) % partitions
