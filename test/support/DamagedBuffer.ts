/** A buffer file at every moment of its life, and what a crash can make of it. */
import { Effect } from "effect"
import fc from "fast-check"
import { BufferPool } from "../../src/codec/BufferPool.ts"
import { parseContainerHeader } from "../../src/codec/ContainerHeader.ts"
import { readFetched } from "../../src/codec/FetchedBatches.ts"
import type { Origin } from "../../src/domain/FileAccount.ts"
import { isConsistent } from "../../src/domain/FileAccount.ts"
import type { FileFacts } from "../../src/domain/FileFacts.ts"
import type { FinishedBlock, Tail } from "../../streams/backup/BlockBuilder.ts"
import { makeBlockBuilder } from "../../streams/backup/BlockBuilder.ts"
import { makeFileWriter } from "../../streams/backup/GrowingFile.ts"
import { makeOpenBlocks } from "../../streams/backup/OpenBlocks.ts"
import { buildBatch, plainRecord } from "./Batches.ts"
import * as DiskBufferMemory from "./DiskBufferMemory.ts"

export const source = { topic: "orders", partition: 0 }

const root = "backup"

/** A block that was written: where it ends in the file, and what its last record is. */
export interface WrittenBlock {
  readonly end: number
  readonly records: number
  readonly lastOffset: bigint
}

/** The file after one of its writes. */
export interface Moment {
  readonly bytes: Buffer
  readonly facts: FileFacts
}

export interface Life {
  readonly name: string
  readonly headerSize: number
  /** After each block and each tail, the last one being the whole file. */
  readonly moments: ReadonlyArray<Moment>
  readonly blocks: ReadonlyArray<WrittenBlock>
}

/** Number of records in each batch, and offsets left out in front of it. */
export type Batches = ReadonlyArray<{ readonly records: number; readonly hole: number }>

export const anyBatches: fc.Arbitrary<Batches> = fc.array(
  fc.record({ records: fc.integer({ min: 1, max: 12 }), hole: fc.constantFrom(0, 0, 0, 1, 5) }),
  { minLength: 1, maxLength: 6 }
)

const batchesOf = (batches: Batches) => {
  let next = 0n
  return batches.map(({ hole, records }, at) => {
    const baseOffset = next + BigInt(hole)
    next = baseOffset + BigInt(records)
    const content = Array.from({ length: records }, (_, offsetDelta) =>
      plainRecord({
        key: Buffer.from(`key ${baseOffset + BigInt(offsetDelta)}`),
        value: Buffer.from(`value ${baseOffset + BigInt(offsetDelta)}`),
        timestamp: 1_700_000_000_000n + BigInt((at * 7) % 5),
        offsetDelta
      }))
    return buildBatch(content, { baseOffset })
  })
}

/** Writes the batches as the backup does, one block each, with a tail of holes at the end. */
export const liveThrough = (batches: Batches, origin: Origin, tail: number) =>
  Effect.gen(function*() {
    const disk = yield* DiskBufferMemory.Disk
    const finished: Array<FinishedBlock> = []
    const tails: Array<Tail> = []
    const builder = makeBlockBuilder({
      source,
      start: 0n,
      pool: new BufferPool(1 << 16, 1 << 20),
      openBlocks: makeOpenBlocks(1 << 20),
      onBlock: (block) => finished.push(block),
      onTail: (each) => tails.push(each)
    })
    const writer = yield* makeFileWriter({
      source,
      origin,
      root,
      watermark: 0n,
      file: undefined,
      begin: Effect.void,
      minFileSize: Number.POSITIVE_INFINITY,
      compressionLevel: 1,
      archive: () => Effect.never
    })
    const moments: Array<Moment> = []
    const blocks: Array<WrittenBlock> = []
    const remember = () => {
      const file = writer.file()
      if (file === undefined) throw new Error("no file")
      const bytes = disk.files.get(file.name)?.bytes ?? Buffer.alloc(0)
      moments.push({ bytes, facts: file.facts })
    }
    for (const records of batchesOf(batches)) {
      const fetched = { ...source, records, aborted: [] }
      for (const outcome of yield* readFetched(fetched, builder.position())) builder.take(outcome)
      builder.close()
      for (const block of finished.splice(0)) {
        yield* writer.write(block)
        const size = writer.file()?.size ?? 0
        const { lastOffset, recordCount } = block.block
        blocks.push({ end: size, records: recordCount, lastOffset })
        remember()
      }
    }
    if (tail > 0) {
      builder.skipDeleted(builder.position() + BigInt(tail))
      builder.close()
      for (const each of tails.splice(0)) yield* writer.noteTail(each)
      remember()
    }
    const whole = moments.at(-1)?.bytes ?? Buffer.alloc(0)
    const headerSize = parseContainerHeader(whole).size
    const life: Life = { name: writer.file()?.name ?? "", headerSize, moments, blocks }
    return life
  }).pipe(Effect.provide(DiskBufferMemory.layer))

/** Where a crash strikes; positions are shares of what there is, from 0 to 1. */
export interface Crash {
  /** How many bytes survive. */
  readonly cut: number
  /** What follows them, and how many bytes of it. */
  readonly tail: "nothing" | "zeros" | "garbage"
  readonly tailBytes: number
  /** The header is of one moment up to a place in it, of another one from there on. */
  readonly front: number
  readonly back: number
  readonly tornAt: number
}

const share = fc.integer({ min: 0, max: 10_000 }).map((parts) => parts / 10_000)

export const anyCrash: fc.Arbitrary<Crash> = fc.record({
  cut: fc.oneof(share, fc.constant(1)),
  tail: fc.constantFrom("nothing", "zeros", "garbage"),
  tailBytes: fc.integer({ min: 1, max: 9000 }),
  front: fc.oneof(share, fc.constant(1)),
  back: fc.oneof(share, fc.constant(1)),
  tornAt: share
})

const at = <A>(all: ReadonlyArray<A>, where: number): A => {
  const found = all[Math.min(all.length - 1, Math.floor(where * all.length))]
  if (found === undefined) throw new Error("none")
  return found
}

/** What is on the disk after the crash. */
export const damage = ({ headerSize, moments }: Life, crash: Crash): Buffer => {
  const [front, back] = [at(moments, crash.front).bytes, at(moments, crash.back).bytes]
  const torn = Math.round(crash.tornAt * headerSize)
  const whole = at(moments, 1).bytes
  const bytes = Buffer.concat([
    front.subarray(0, torn),
    back.subarray(torn, headerSize),
    whole.subarray(headerSize)
  ]).subarray(0, Math.round(crash.cut * whole.length))
  const tail = {
    nothing: Buffer.alloc(0),
    zeros: Buffer.alloc(crash.tailBytes),
    garbage: Buffer.alloc(crash.tailBytes, "not of this file")
  }
  return Buffer.concat([bytes, tail[crash.tail]])
}

/** The blocks in front of the first that is not as it was written. */
export const wholeBlocks = (life: Life, damaged: Buffer): ReadonlyArray<WrittenBlock> => {
  const whole = at(life.moments, 1).bytes
  // Topic, ids and sync marker are the same at all moments; a header that is cut off has no blocks.
  const headerIsThere = damaged.length >= life.headerSize
    && damaged.subarray(life.headerSize - 16, life.headerSize)
      .equals(whole.subarray(life.headerSize - 16, life.headerSize))
  if (!headerIsThere) return []
  let start = life.headerSize
  const blocks: Array<WrittenBlock> = []
  for (const block of life.blocks) {
    if (!damaged.subarray(start, block.end).equals(whole.subarray(start, block.end))) break
    blocks.push(block)
    start = block.end
  }
  return blocks
}

/** Nothing but these blocks, and no offset beyond what somebody has stated of just these. */
export const agrees = (life: Life, blocks: ReadonlyArray<WrittenBlock>, facts: FileFacts) => {
  const recordCount = blocks.reduce((sum, { records }) => sum + records, 0)
  const counted = (blocks.at(-1)?.lastOffset ?? -1n) + 1n
  const stated = life.moments.filter((moment) => moment.facts.recordCount === recordCount)
    .map((moment) => moment.facts.coverageNext)
  return isConsistent(facts) && facts.recordCount === recordCount
    && (facts.coverageNext === counted || stated.includes(facts.coverageNext))
}
