/** Makes blocks of the batches of one partition, and accounts for every offset on the way. */
import type { BufferPool } from "../../src/codec/BufferPool.ts"
import type { BatchOutcome } from "../../src/codec/FetchedBatches.ts"
import { nextOffset } from "../../src/codec/RecordBatch.ts"
import type { EncodedBlock } from "../../src/codec/RecordEncoder.ts"
import { RecordEncoder } from "../../src/codec/RecordEncoder.ts"
import type { BlockFacts } from "../../src/domain/FileAccount.ts"
import type { GapCounts, TimestampType } from "../../src/domain/FileFacts.ts"
import { makeOffsetLedger } from "../../src/domain/OffsetLedger.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import type { OpenBlocks } from "./OpenBlocks.ts"

/** Uncompressed bytes of a block: large enough to compress well, small enough to hold many. */
export const blockBytes = 1 << 20

const leastBlockBytes = 16 << 10

/** Blocks no larger than the files that are asked for, so that small ones are uploaded in time. */
export const blockBytesFor = (minFileSize: number): number =>
  Math.min(blockBytes, Math.max(leastBlockBytes, minFileSize))

export interface FinishedBlock {
  readonly block: EncodedBlock
  readonly facts: BlockFacts
  readonly timestampType: TimestampType
}

/** Offsets without a record behind the last block. */
export interface Tail {
  readonly coverageNext: bigint
  readonly gaps: GapCounts
  /** Of the last batch taken in; -1 for none. */
  readonly lastLeaderEpoch: number
}

export interface BlockBuilder {
  /** The offset after everything taken in. */
  readonly position: () => bigint
  readonly openRecords: () => number
  /** Throws `CodecError`; nothing of the batch has been taken in then. */
  readonly take: (outcome: BatchOutcome) => void
  readonly skipDeleted: (next: bigint) => void
  /** Everything taken in is handed out. */
  readonly close: () => void
  /** Forgets the open block. */
  readonly discard: () => void
}

export interface BlockBuilderOptions {
  readonly source: TopicPartition
  readonly start: bigint
  /** Blocks are encoded into buffers of this pool, and are as large as these. */
  readonly pool: BufferPool
  readonly openBlocks: OpenBlocks
  /** Both are called in offset order, from within `take` and `close`. */
  readonly onBlock: (block: FinishedBlock) => void
  readonly onTail: (tail: Tail) => void
}

export const makeBlockBuilder = (options: BlockBuilderOptions): BlockBuilder => {
  const { onBlock, onTail, openBlocks, pool, source } = options
  const ledger = makeOffsetLedger(options.start)
  let timestampType: TimestampType = "CreateTime"
  /** Leader epochs of the open block's first record, and of the last batch before this one. */
  let first = -1
  let before = -1
  let batch = { base: 0n, epoch: -1 }

  const encoder = new RecordEncoder(source, {
    blockBytes: pool.size,
    buffers: pool,
    onBlock: (block) => {
      const account = ledger.settle(block.lastOffset + 1n, block.recordCount)
      const { largestRecord, maxTimestamp, minTimestamp, recordCount } = block
      const own = block.lastOffset >= batch.base ? batch.epoch : -1
      const lastLeaderEpoch = Math.max(own, before)
      const epochs = { firstLeaderEpoch: first, lastLeaderEpoch }
      const stats = { recordCount, largestRecord, minTimestamp, maxTimestamp }
      onBlock({ block, timestampType, facts: { ...account, ...stats, ...epochs } })
      first = batch.epoch
    }
  })

  const close = () => {
    encoder.flush()
    openBlocks.note(open, 0)
    const tail = ledger.settleTail()
    if (tail !== undefined) onTail({ ...tail, lastLeaderEpoch: before })
  }

  const open = { close }

  return {
    position: () => ledger.position,
    openRecords: () => encoder.openRecords,
    take: (outcome) => {
      const { header } = outcome
      const next = nextOffset(header)
      // What lies between two batches was compacted away, whatever the second one is.
      ledger.advance(header.baseOffset)
      if (outcome.kind !== "data") {
        before = header.leaderEpoch
        return ledger.skip(next, outcome.kind)
      }
      timestampType = header.timestampType
      batch = { base: header.baseOffset, epoch: header.leaderEpoch }
      if (encoder.openRecords === 0) first = header.leaderEpoch
      encoder.append(outcome, ledger.position)
      before = header.leaderEpoch
      ledger.advance(next)
      openBlocks.note(open, encoder.heldBytes)
    },
    skipDeleted: (next) => ledger.skip(next, "deleted"),
    close,
    discard: () => openBlocks.note(open, 0)
  }
}
