/**
 * Keeps the blocks that are still open within a bound, all partitions together: above it, whoever
 * holds more than its share closes its block. Thousands of partitions then have smaller blocks.
 */
export interface OpenBlocks {
  /** Notes that a block has grown from `before` to `now` bytes; true: it is to be closed. */
  readonly grown: (before: number, now: number) => boolean
  /** Bytes of all open blocks. */
  readonly bytes: () => number
}

export const makeOpenBlocks = (limit: number): OpenBlocks => {
  let bytes = 0
  let blocks = 0
  return {
    bytes: () => bytes,
    grown: (before, now) => {
      bytes += now - before
      blocks += (now > 0 ? 1 : 0) - (before > 0 ? 1 : 0)
      return bytes > limit && now * blocks >= bytes
    }
  }
}
