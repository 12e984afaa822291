/**
 * Keeps the blocks that are still open within a bound, all partitions together: above it, some of
 * those that hold more than their share are closed, first those that were added to longest ago.
 * Thousands of partitions then have smaller blocks, and what a catch-up leaves behind goes first.
 */
export interface OpenBlock {
  /** Hands the block out; then it holds nothing, which it notes. */
  readonly close: () => void
}

export interface OpenBlocks {
  /** Notes how many bytes a block holds that has just been added to. May close it, and others. */
  readonly note: (block: OpenBlock, bytes: number) => void
  /** Bytes of all open blocks. */
  readonly bytes: () => number
}

/** This part of the bound is freed at a time: as much as is worth a look at all blocks. */
const freedShare = 16

export const makeOpenBlocks = (limit: number): OpenBlocks => {
  /** Bytes of each, the one that was added to longest ago first. */
  const held = new Map<OpenBlock, number>()
  let bytes = 0

  const closeSome = () => {
    const share = bytes / held.size
    for (const [block, size] of held) {
      if (bytes <= limit - limit / freedShare) return
      if (size >= share) block.close()
    }
  }

  return {
    bytes: () => bytes,
    note: (block, now) => {
      bytes += now - (held.get(block) ?? 0)
      held.delete(block)
      if (now === 0) return
      held.set(block, now)
      if (bytes > limit) closeSome()
    }
  }
}
