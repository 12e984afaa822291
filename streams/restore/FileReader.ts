/** Reads archive files one after the other, and starts to decode their blocks ahead of their use. */
import type { Scope } from "effect"
import { Chunk, Effect, Option, Stream } from "effect"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import type { ObjectStore, StoreError } from "../../services/ObjectStore.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import { truncated } from "../../src/codec/CodecError.ts"
import type { ContainerHeader } from "../../src/codec/ContainerHeader.ts"
import type { ContainerBlock } from "../../src/codec/ContainerReader.ts"
import { freeBytes } from "../../src/codec/FreeBytes.ts"
import type { PlannedFile } from "../../src/domain/Plan.ts"
import type { RecordRange } from "../../src/domain/RecordRange.ts"
import { overlapsTimes } from "../../src/domain/RecordRange.ts"
import type { OpenArchiveFile } from "../ArchiveFiles.ts"
import { decoding } from "../Decoding.ts"
import { outcomeOf } from "../Outcomes.ts"
import type { BudgetShare, DecodedBlock, DecodedBlocks, FileItem } from "./FileItems.ts"
import type { OpenAhead } from "./OpenAhead.ts"
import type { Origin } from "./Origin.ts"
import { RestoreFailure } from "./Outcome.ts"
import { coveredWith, setbackOf } from "./PlanOrder.ts"
import type { Target } from "./PlanState.ts"

/** What a block expands to is not known before: guessed at so many times its size. */
const expansion = 4

/** The facts in the header find a file that was cut off between two blocks. */
const checkCount = ({ facts }: ContainerHeader, records: number) => {
  if (records === 0) return truncated("the file holds no record")
  return facts === undefined || facts.recordCount === records
    ? Effect.void
    : truncated(`the file holds ${records} records, its header says ${facts.recordCount}`)
}

const guessOf = (blocks: ReadonlyArray<ContainerBlock>): number =>
  blocks.reduce((sum, { data }) => sum + data.length * expansion, 0)

/** Replaces their guess in the budget by what they are. */
const decodeAll = (
  together: ReadonlyArray<ContainerBlock>,
  { decode, layout }: OpenArchiveFile,
  share: BudgetShare
): Effect.Effect<DecodedBlocks> =>
  Effect.suspend(() => {
    const blocks: Array<DecodedBlock> = []
    const decodeNext = (block: ContainerBlock) =>
      Effect.map(decode(block), (bytes) => {
        share.adjust(bytes.length - block.data.length * expansion)
        const isOwn = bytes.buffer !== block.data.buffer
        if (isOwn) freeBytes(block.whole)
        blocks.push({ recordCount: block.recordCount, bytes, isOwn, layout })
      })
    return Effect.match(Effect.forEach(together, decodeNext, { discard: true }), {
      onSuccess: () => ({ blocks, failure: undefined }),
      onFailure: (failure) => ({ blocks, failure })
    })
  })

export interface FileReading {
  readonly target: Target
  readonly open: OpenAhead["open"]
  /** What decoding forks lives as long as this. */
  readonly scope: Scope.Scope
  readonly share: BudgetShare
  /** Waits while too much is ahead. */
  readonly offer: (item: FileItem) => Effect.Effect<unknown>
  /** Source offset up to which the target has everything already. */
  readonly restoredThrough: () => bigint
  /** Which records are to be restored. */
  readonly range: RecordRange
}

/** Fails when the block shows that the target was restored from somewhere else. */
const look = (target: Target, origin: Origin, file: PlannedFile, layout: "ours" | "original") =>
(
  block: Buffer
) =>
  Effect.flatMap(
    decoding("records", () => origin.look(block, layout)),
    (difference) =>
      difference === undefined
        ? Effect.void
        : new RestoreFailure({ partition: target.partition, file: file.key, ...difference })
  )

/** Of a file whose records the target has, reads no more than there is to compare with it. */
const compare = (
  target: Target,
  origin: Origin,
  file: PlannedFile,
  { blocks, decode, layout }: OpenArchiveFile,
  next: bigint
) =>
  Stream.runForEachWhile(blocks, (block) =>
    origin.seeks(next)
      ? Effect.as(Effect.flatMap(decode(block), look(target, origin, file, layout)), true)
      : Effect.succeed(false)).pipe(
      Effect.catchTag("CodecError", (error) =>
        // Nothing of it is to be restored: that it is damaged stops only who has nothing else.
        origin.giveUp(next)
          ? Effect.logWarning("archive file cannot be compared with what was restored").pipe(
            Effect.annotateLogs({ file: file.key, error: error.message })
          )
          : error)
    )

/** Returns how many records the blocks state, and how many bytes of the file they end at. */
const handOnBlocks = (
  file: PlannedFile,
  opened: OpenArchiveFile,
  { offer, scope, share, target }: FileReading
): Effect.Effect<
  { readonly records: number; readonly size: number },
  StoreError | CodecError | RestoreFailure
> => {
  const { origin } = target
  let records = 0
  let { size } = opened.header
  const handOn = (together: ReadonlyArray<ContainerBlock>) =>
    Effect.gen(function*() {
      for (const block of together) {
        records += block.recordCount
        size = block.end
      }
      yield* share.take(guessOf(together))
      const decoded = yield* Effect.forkIn(decodeAll(together, opened, share), scope)
      if (origin !== undefined && !origin.answered) {
        const { blocks, failure } = yield* outcomeOf(decoded)
        for (const { bytes } of blocks) yield* look(target, origin, file, opened.layout)(bytes)
        if (failure !== undefined) return yield* failure
      }
      yield* offer({ kind: "blocks", file, decoded })
    })
  const handOnAll: Effect.Effect<void, StoreError | CodecError | RestoreFailure> = Effect
    .matchEffect(opened.next, {
      onSuccess: (together) => Effect.zipRight(handOn(Chunk.toReadonlyArray(together)), handOnAll),
      onFailure: Option.match({ onNone: () => Effect.void, onSome: Effect.fail })
    })
  return Effect.map(handOnAll, () => ({ records, size }))
}

/**
 * Hands on one file: its blocks in order, its end. A file whose coverage is restored
 * already is not read beyond its header, except to find out whether it was restored from it.
 * Returns how many bytes have been read.
 */
export const readFile = (
  file: PlannedFile,
  reading: FileReading
): Effect.Effect<
  number,
  StoreError | CodecError | RestoreFailure,
  ObjectStore | ForeignSchema
> =>
  Effect.gen(function*() {
    const { offer, range, restoredThrough, target } = reading
    const skip = offer({ kind: "end", file, skipped: true })
    if (range.toOffset !== undefined && file.archive.firstOffset >= range.toOffset) {
      return yield* Effect.as(skip, 0)
    }
    const opened = yield* reading.open(file)
    const { header } = opened
    const { facts } = header
    const { origin, partition } = target
    const setback = setbackOf(target.covered, file)
    if (setback !== undefined) {
      return yield* new RestoreFailure({ partition, reason: setback, file: file.key })
    }
    target.covered = coveredWith(target.covered, file, facts)
    if (facts !== undefined) {
      const next = facts.coverageNext
      origin?.reach(next - 1n)
      if (next <= restoredThrough() + 1n) {
        if (origin?.seeks(next) === true) yield* compare(target, origin, file, opened, next)
        return yield* Effect.as(skip, header.size)
      }
      if (!overlapsTimes(range, facts.minTimestamp, facts.maxTimestamp)) {
        return yield* Effect.as(skip, header.size)
      }
    }
    const { records, size } = yield* handOnBlocks(file, opened, reading)
    yield* checkCount(header, records)
    yield* offer({ kind: "end", file, skipped: false })
    return size
  }).pipe(
    Effect.scoped,
    Effect.withSpan("RestoreTopics.file", {
      captureStackTrace: false,
      attributes: { key: file.key, topic: file.topic, partition: file.partition, index: file.index }
    })
  )
