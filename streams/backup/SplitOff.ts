/** The part of a buffer file that the archive does not hold yet, as a file of its own. */
import { Clock, Effect, Stream } from "effect"
import { DiskBuffer } from "../../services/DiskBuffer.ts"
import { compress } from "../../src/codec/Compression.ts"
import { decodeBlock, readContainer } from "../../src/codec/ContainerReader.ts"
import { containerHeader, frameBlock, newSync } from "../../src/codec/ContainerWriter.ts"
import { RecordCursor, summarize } from "../../src/codec/RecordCursor.ts"
import { archiveKey, parseArchiveKey } from "../../src/domain/ArchiveKey.ts"
import { openFacts, withBlock, withTrailingGaps } from "../../src/domain/FileAccount.ts"
import { noGaps } from "../../src/domain/FileFacts.ts"
import { decoding } from "../Decoding.ts"
import type { PartitionFailure } from "./Archived.ts"
import type { GrowingFile } from "./GrowingFile.ts"
import { setAside } from "./SetAside.ts"

/** The records from the first one at or after `from`; a block's records ascend by offset. */
const tailOf = (records: Buffer, recordCount: number, from: bigint) => {
  const cursor = new RecordCursor(records, "ours")
  for (let left = recordCount; left > 0; left--) {
    const start = records.length - cursor.left
    cursor.next()
    if (cursor.exactOffset() >= from) {
      return { records: records.subarray(start), recordCount: left }
    }
  }
  return undefined
}

/**
 * A new buffer file of those records of `file` that lie at or after `from`; `undefined` when there
 * are none. When it fails, nothing of the new file stays.
 */
export const splitOff = (
  file: GrowingFile,
  from: bigint
): Effect.Effect<GrowingFile | undefined, PartitionFailure, DiskBuffer> =>
  Effect.gen(function*() {
    const buffer = yield* DiskBuffer
    const made: { name?: string } = {}
    return yield* Effect.onError(
      copyTail(file, from, made),
      () => made.name === undefined ? Effect.void : Effect.ignore(buffer.remove(made.name))
    )
  })

const copyTail = (file: GrowingFile, from: bigint, made: { name?: string }) =>
  Effect.scoped(Effect.gen(function*() {
    const buffer = yield* DiskBuffer
    const root = parseArchiveKey(file.name)?.root ?? ""
    const { blocks, header } = yield* readContainer(buffer.read(file.name))
    const openedMs = yield* Clock.currentTimeMillis
    let rest: GrowingFile | undefined
    const begin = (firstOffset: bigint) =>
      Effect.gen(function*() {
        const sync = newSync()
        const facts = openFacts(file.facts, file.facts.timestampType, from)
        const bytes = containerHeader({ facts, sync })
        const name = archiveKey(root, file, firstOffset)
        yield* Effect.catchIf(
          buffer.create(name, bytes),
          ({ reason }) => reason === "InUse",
          () =>
            // From a run that ended in the middle of this.
            Effect.zipRight(
              setAside(name, `${file.name} holds the same records`),
              buffer.create(name, bytes)
            )
        )
        made.name = name
        return { ...file, name, sync, facts, size: bytes.length, openedMs }
      })
    yield* Stream.runForEach(blocks, (block) =>
      Effect.gen(function*() {
        const decoded = yield* decodeBlock(header.codec, block)
        const { stats, tail } = yield* decoding(file.name, () => {
          const tail = tailOf(decoded, block.recordCount, from)
          return { tail, stats: tail && summarize(tail.records, "ours", file) }
        })
        if (tail === undefined || stats === undefined) return
        const open: GrowingFile = rest ?? (yield* begin(stats.firstOffset))
        const compressed = yield* compress("zstd", tail.records)
        const frame = frameBlock(tail.recordCount, compressed, open.sync)
        yield* buffer.append(open.name, frame)
        const coverageNext = stats.lastOffset + 1n
        const unknown = Number(coverageNext - open.facts.coverageNext) - stats.recordCount
        const { firstLeaderEpoch, lastLeaderEpoch } = file.facts
        const gaps = { ...noGaps, unknown }
        const added = { ...stats, coverageNext, gaps, firstLeaderEpoch, lastLeaderEpoch }
        const size = frame.reduce((sum, bytes) => sum + bytes.length, open.size)
        rest = { ...open, facts: withBlock(open.facts, added), size }
      }))
    if (rest === undefined) return undefined
    const next = file.facts.coverageNext
    const unknown = Number(next - rest.facts.coverageNext)
    const facts = withTrailingGaps(rest.facts, next, { ...noGaps, unknown })
    const whole = { ...rest, facts }
    yield* buffer.patch(whole.name, 0, containerHeader(whole))
    return whole
  }))
