/**
 * The records of an archive file in front of an offset, as a file of their own in the disk buffer:
 * where a log was cut back and retention has removed what lies before.
 */
import type { Scope } from "effect"
import { Clock, Effect, Stream } from "effect"
import { DiskBuffer } from "../../services/DiskBuffer.ts"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import type { ObjectStore } from "../../services/ObjectStore.ts"
import { compress } from "../../src/codec/Compression.ts"
import { containerHeader, frameBlock, newSync } from "../../src/codec/ContainerWriter.ts"
import { readRecords, summarize } from "../../src/codec/RecordCursor.ts"
import { writeRecords } from "../../src/codec/RecordWriter.ts"
import { archiveKey } from "../../src/domain/ArchiveKey.ts"
import type { Origin } from "../../src/domain/FileAccount.ts"
import { openFacts, withBlock, withTrailingGaps } from "../../src/domain/FileAccount.ts"
import type { FileFacts } from "../../src/domain/FileFacts.ts"
import { noGaps } from "../../src/domain/FileFacts.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { openArchiveFile } from "../ArchiveFiles.ts"
import { decoding } from "../Decoding.ts"
import { pullObject } from "../StoreReads.ts"
import type { PartitionFailure } from "./Archived.ts"
import type { GrowingFile } from "./GrowingFile.ts"
import { setAside } from "./SetAside.ts"

export interface Head {
  readonly key: string
  readonly facts: FileFacts | undefined
  /** Coverage of the copy: it leaves out records from `until` on. */
  readonly from: bigint
  readonly until: bigint
  /** Of the record before `until`; -1 unknown. */
  readonly leaderEpoch: number
}

type Env = DiskBuffer | ObjectStore | ForeignSchema

const begin = (root: string, source: TopicPartition, origin: Origin, head: Head, first: bigint) =>
  Effect.gen(function*() {
    const buffer = yield* DiskBuffer
    const sync = newSync()
    const facts = openFacts(origin, head.facts?.timestampType ?? "CreateTime", head.from)
    const bytes = containerHeader({ facts, sync })
    const name = archiveKey(root, source, first)
    yield* Effect.catchIf(
      buffer.create(name, bytes),
      ({ reason }) => reason === "InUse",
      // From a run that ended in the middle of this.
      () =>
        Effect.zipRight(setAside(name, `${head.key} has its records`), buffer.create(name, bytes))
    )
    const openedMs = yield* Clock.currentTimeMillis
    return { ...source, name, facts, sync, size: bytes.length, openedMs }
  })

const copy = (
  root: string,
  source: TopicPartition,
  origin: Origin,
  head: Head
): Effect.Effect<GrowingFile | undefined, PartitionFailure, Env | Scope.Scope> =>
  Effect.gen(function*() {
    const buffer = yield* DiskBuffer
    const { blocks, decode, layout } = yield* openArchiveFile(yield* pullObject(head.key))
    let file: GrowingFile | undefined
    yield* Stream.runForEach(blocks, (block) =>
      Effect.gen(function*() {
        const decoded = yield* decode(block)
        const { bytes, stats } = yield* decoding(head.key, () => {
          const records = readRecords(decoded, layout, block.recordCount)
            .filter(({ offset }) => offset < head.until)
          const bytes = writeRecords(records)
          return {
            bytes,
            stats: records.length === 0 ? undefined : summarize(bytes, "ours", source)
          }
        })
        if (stats === undefined) return
        const open: GrowingFile = file ??
          (yield* begin(root, source, origin, head, stats.firstOffset))
        const frame = frameBlock(stats.recordCount, yield* compress("zstd", bytes), open.sync)
        yield* buffer.append(open.name, frame)
        const coverageNext = stats.lastOffset + 1n
        const unknown = Number(coverageNext - open.facts.coverageNext) - stats.recordCount
        const facts = withBlock(open.facts, {
          ...stats,
          coverageNext,
          gaps: { ...noGaps, unknown },
          firstLeaderEpoch: head.facts?.firstLeaderEpoch ?? -1,
          lastLeaderEpoch: head.leaderEpoch
        })
        const size = frame.reduce((sum, part) => sum + part.length, open.size)
        file = { ...open, facts, size }
      }))
    if (file === undefined) return undefined
    const unknown = Number(head.until - file.facts.coverageNext)
    const facts = withTrailingGaps(file.facts, head.until, { ...noGaps, unknown })
    const whole = { ...file, facts }
    yield* buffer.patch(whole.name, 0, containerHeader(whole))
    return whole
  })

/** `undefined` when there are none. The copy goes below `root`, once it is uploaded. */
export const copyHead = (
  root: string,
  source: TopicPartition,
  origin: Origin,
  head: Head
): Effect.Effect<GrowingFile | undefined, PartitionFailure, Env> =>
  Effect.scoped(copy(root, source, origin, head))
