/** Whether an archive file holds a record behind an offset, read from its end where that is enough. */
import type { Scope } from "effect"
import { Chunk, Effect, Stream } from "effect"
import { Buffer } from "node:buffer"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import type { StoreError } from "../../services/ObjectStore.ts"
import { ObjectStore } from "../../services/ObjectStore.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import type { ContainerBlock } from "../../src/codec/ContainerReader.ts"
import { RecordCursor } from "../../src/codec/RecordCursor.ts"
import { VarintReader } from "../../src/codec/Varint.ts"
import type { FileFacts } from "../../src/domain/FileFacts.ts"
import type { OpenArchiveFile } from "../ArchiveFiles.ts"
import { inFile, openArchiveFile } from "../ArchiveFiles.ts"
import { decoding } from "../Decoding.ts"
import { pullObject, withPatience } from "../StoreReads.ts"

export interface StoredFile {
  readonly key: string
  /** Bytes. */
  readonly size: number
}

/** What is known of the records behind an offset. */
export interface FileReach {
  /** The offset of one of them; `undefined`: there is none. */
  readonly record: bigint | undefined
  /** It is the first of them. */
  readonly isFirst: boolean
}

const nothing: FileReach = { record: undefined, isFirst: true }

/** Bytes at the end of a file in which its last block is looked for; blocks of ours have 1 MiB. */
const tailBytes = 2 * 1024 * 1024

const open = (
  key: string
): Effect.Effect<
  OpenArchiveFile,
  StoreError | CodecError,
  Scope.Scope | ObjectStore | ForeignSchema
> => Effect.flatMap(pullObject(key), (pull) => openArchiveFile(pull))

const naming = (key: string) => <A, E, R>(effect: Effect.Effect<A, E | CodecError, R>) =>
  Effect.mapError(effect, inFile(key))

/** The last bytes of the object. */
const readTail = ({ key, size }: StoredFile): Effect.Effect<Buffer, StoreError, ObjectStore> =>
  Effect.gen(function*() {
    const store = yield* ObjectStore
    const start = Math.max(0, size - tailBytes)
    const range = { start, length: size - start }
    const chunks = yield* withPatience(Stream.runCollect(Stream.fromPull(store.get(key, range))))
    return Buffer.concat(Chunk.toReadonlyArray(chunks))
  })

/** The block between the last two sync markers; `undefined` when the bytes do not hold it whole. */
const lastBlock = (tail: Buffer, sync: Buffer): ContainerBlock | undefined => {
  const end = tail.length - sync.length
  if (end < sync.length || !tail.subarray(end).equals(sync)) return undefined
  const previous = tail.lastIndexOf(sync, end - sync.length)
  if (previous < 0) return undefined
  const reader = new VarintReader(tail, previous + sync.length)
  const recordCount = reader.readInt()
  const size = reader.readInt()
  const position = reader.position
  if (recordCount === 0 || position + size !== end) return undefined
  const data = tail.subarray(position, end)
  return { position, recordCount, data, whole: tail, end: tail.length }
}

/** `undefined` for a block without a record behind `after`. */
const recordBehind = (
  { decode, layout }: OpenArchiveFile,
  block: ContainerBlock,
  after: bigint
): Effect.Effect<FileReach | undefined, CodecError> =>
  Effect.flatMap(decode(block), (bytes) =>
    decoding("records", () => {
      const cursor = new RecordCursor(bytes, layout)
      for (let isFirst = false; cursor.left > 0; isFirst = true) {
        cursor.next()
        const offset = cursor.exactOffset()
        // Of a block that begins behind it, others may lie in front.
        if (offset > after) return { record: offset, isFirst: isFirst || offset === after + 1n }
      }
      return undefined
    }))

/** Runs through the blocks to the first record behind `after`. */
const searchFrom = (opened: OpenArchiveFile, after: bigint) =>
  Effect.gen(function*() {
    let found: FileReach | undefined
    yield* Stream.runForEachWhile(opened.blocks, (block) =>
      Effect.map(recordBehind(opened, block, after), (reach) => {
        found = reach
        return reach === undefined
      }))
    return found === undefined ? nothing : { ...found, isFirst: true }
  })

/** From the facts alone; `undefined` when they leave it open. */
const reachOfFacts = (facts: FileFacts | undefined, after: bigint): FileReach | undefined => {
  if (facts === undefined) return undefined
  const { coverageNext, coverageStart, recordCount } = facts
  if (coverageNext <= after + 1n) return nothing
  const isWithoutGaps = BigInt(recordCount) === coverageNext - coverageStart
  return isWithoutGaps && coverageStart <= after + 1n
    ? { record: after + 1n, isFirst: true }
    : undefined
}

/**
 * Reads no more than the header and the last block, unless that block cannot be found from the
 * end. The offsets in a file only grow.
 */
export const reachBehind = (
  file: StoredFile,
  after: bigint
): Effect.Effect<FileReach, StoreError | CodecError, ObjectStore | ForeignSchema> =>
  Effect.scoped(
    Effect.gen(function*() {
      const opened = yield* open(file.key)
      const { facts, sync } = opened.header
      const told = reachOfFacts(facts, after)
      if (told !== undefined) return told
      const tail = yield* readTail(file)
      const last = yield* decoding("end", () => lastBlock(tail, sync))
      if (last === undefined) return yield* searchFrom(opened, after)
      return (yield* recordBehind(opened, last, after)) ?? nothing
    }).pipe(naming(file.key))
  )

/** Reads the file from its start to the first record behind `after`. */
export const firstBehind = (
  { key }: StoredFile,
  after: bigint
): Effect.Effect<FileReach, StoreError | CodecError, ObjectStore | ForeignSchema> =>
  Effect.scoped(Effect.flatMap(open(key), (opened) => searchFrom(opened, after)).pipe(naming(key)))
