/** Files that the original left in the working directory, beside ours. */
import { Effect, Stream } from "effect"
import type { BufferedFile, BufferError } from "../../services/DiskBuffer.ts"
import { DiskBuffer } from "../../services/DiskBuffer.ts"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import type { ObjectBody } from "../../services/ObjectStore.ts"
import { ObjectStore, StoreError } from "../../services/ObjectStore.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import { scanContainer } from "../../src/codec/ContainerReader.ts"
import { crc32c } from "../../src/codec/Crc32c.ts"
import type { ArchiveKey } from "../../src/domain/ArchiveKey.ts"
import { parseArchiveKey, partitionFolder } from "../../src/domain/ArchiveKey.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { storedFacts } from "../ArchiveFiles.ts"
import { listObjects, readObject } from "../StoreReads.ts"
import type { Digests } from "./Digests.ts"
import { fileDigests, lastOffset } from "./Digests.ts"

const storeError = (key: string) => (cause: unknown) =>
  new StoreError({ reason: "Invalid", operation: "read", key, cause })

/** The first `size` bytes of a leftover. */
const firstBytes = (name: string, size: number) =>
  Effect.map(DiskBuffer, (buffer) =>
    buffer.readLeftover(name).pipe(
      Stream.mapAccum(0, (at, bytes) => {
        const part = bytes.subarray(0, Math.max(0, size - at))
        return [at + part.length, part]
      }),
      Stream.mapError(storeError(name))
    ))

/** The whole blocks of a leftover; `undefined` when it holds no record. */
const wholeBlocks = (name: string) =>
  Effect.gen(function*() {
    const buffer = yield* DiskBuffer
    const { recordCount, wholeBytes } = yield* scanContainer(buffer.readLeftover(name))
    if (recordCount === 0) return undefined
    const bytes = yield* firstBytes(name, wholeBytes)
    const sum = yield* Stream.runFold(
      bytes,
      undefined as number | undefined,
      (sum, part) => crc32c(part, sum)
    )
    const body: ObjectBody = { size: wholeBytes, crc32c: sum ?? 0, open: () => bytes }
    return body
  })

/** Uploads what the original left behind, where the archive has no such key; keeps the files. */
export const uploadLeftovers: Effect.Effect<number, BufferError, DiskBuffer | ObjectStore> = Effect
  .gen(function*() {
    const buffer = yield* DiskBuffer
    const store = yield* ObjectStore
    const upload = ({ name }: BufferedFile) =>
      Effect.gen(function*() {
        if (parseArchiveKey(name) === undefined) return 0
        const body = yield* wholeBlocks(name)
        if (body === undefined) return 0
        const outcome = yield* store.putIfAbsent(name, body, {})
        return outcome === "created" ? 1 : 0
      }).pipe(
        Effect.catchAll((error: BufferError | StoreError | CodecError) =>
          Effect.logWarning("leftover file could not be uploaded, it is kept").pipe(
            Effect.annotateLogs({ file: name, error: error.message }),
            Effect.as(0)
          )
        )
      )
    const counts = yield* Effect.forEach(yield* buffer.leftovers, upload)
    return counts.reduce((sum, count) => sum + count, 0)
  })

/** Keys of the partition's archive files that can hold offsets from `first` to `last`. */
const keysOver = (folder: ArchiveKey, first: bigint, last: bigint) =>
  Stream.runFold(
    listObjects(partitionFolder(folder.root, folder)),
    new Array<string>(),
    (keys, page) => {
      for (const { key } of page) {
        const found = parseArchiveKey(key)
        if (found === undefined || found.firstOffset > last) continue
        if (found.firstOffset <= first) keys.length = 0
        keys.push(key)
      }
      return keys
    }
  )

/**
 * True when every record of the leftover is in the archive, or in the coverage of a file that
 * knows why it has no such record: aborted or compacted. What was deleted before it could be read
 * is only in the leftover.
 */
const isCovered = (leftover: ArchiveKey, records: Digests) =>
  Effect.gen(function*() {
    const missing = new Map(records)
    const last = lastOffset(records) ?? leftover.firstOffset
    for (const key of yield* keysOver(leftover, leftover.firstOffset, last)) {
      for (const [offset, digest] of yield* fileDigests(readObject(key), "key and value")) {
        if (records.has(offset) && records.get(offset) !== digest) return false
        missing.delete(offset)
      }
      const facts = missing.size === 0 ? undefined : yield* storedFacts(key)
      if (facts === undefined || facts.gaps.deleted + facts.gaps.unknown > 0) continue
      for (const offset of missing.keys()) {
        if (offset >= facts.coverageStart && offset < facts.coverageNext) missing.delete(offset)
      }
    }
    return missing.size === 0
  })

/**
 * Deletes the original's leftovers whose every record is in the archive. `durable` says how far
 * the backup of a partition has come; `kept` remembers what was looked at in vain.
 */
export const removeCoveredLeftovers = (
  durable: (source: TopicPartition) => bigint | undefined,
  kept: Set<string>
): Effect.Effect<void, BufferError, DiskBuffer | ForeignSchema | ObjectStore> =>
  Effect.gen(function*() {
    const buffer = yield* DiskBuffer
    const removeIfCovered = (name: string, source: ArchiveKey, reached: bigint) =>
      Effect.gen(function*() {
        const bytes = Stream.mapError(buffer.readLeftover(name), storeError(name))
        const records = yield* fileDigests(bytes, "key and value")
        if ((lastOffset(records) ?? 0n) >= reached) return
        if (yield* isCovered(source, records)) {
          yield* buffer.removeLeftover(name)
          return yield* Effect.logInfo("leftover file removed, the archive covers it").pipe(
            Effect.annotateLogs({ file: name })
          )
        }
        kept.add(name)
        yield* Effect.logWarning("leftover file kept, it holds what the archive does not").pipe(
          Effect.annotateLogs({ file: name })
        )
      }).pipe(
        Effect.catchTags({
          CodecError: (error) => giveUp(name, error.message),
          StoreError: (error) => giveUp(name, error.message)
        })
      )
    const giveUp = (name: string, error: string) => {
      kept.add(name)
      return Effect.logWarning("leftover file kept, it cannot be compared").pipe(
        Effect.annotateLogs({ file: name, error })
      )
    }
    for (const { name } of yield* buffer.leftovers) {
      const source = parseArchiveKey(name)
      const reached = source === undefined ? undefined : durable(source)
      if (source === undefined || reached === undefined || kept.has(name)) continue
      if (source.firstOffset < reached) yield* removeIfCovered(name, source, reached)
    }
  })
