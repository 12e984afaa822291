/** Makes produce batches out of decoded blocks, and starts to compress them. */
import type { Scope } from "effect"
import { Effect, Queue } from "effect"
import type { AssembledBatch } from "../../src/codec/BatchAssembler.ts"
import { BatchAssembler } from "../../src/codec/BatchAssembler.ts"
import type { BufferPool } from "../../src/codec/BufferPool.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import { mismatch } from "../../src/codec/CodecError.ts"
import type { Compression } from "../../src/codec/Compression.ts"
import { compress } from "../../src/codec/Compression.ts"
import { freeBytes } from "../../src/codec/FreeBytes.ts"
import { RecordCursor } from "../../src/codec/RecordCursor.ts"
import type { RecordFilter } from "../../src/codec/RecordFilter.ts"
import type { PlannedFile } from "../../src/domain/Plan.ts"
import { decoding } from "../Decoding.ts"
import { outcomeOf } from "../Outcomes.ts"
import type {
  BudgetShare,
  DecodedBlock,
  DecodedBlocks,
  FileItem,
  OutItem,
  Section
} from "./FileItems.ts"
import { RestoreFailure } from "./Outcome.ts"
import type { Target } from "./PlanState.ts"
import { sourceOffsetHeader } from "./TargetTail.ts"

/** Bytes of a batch before compression, where the target allows as much. */
export const targetBatchBytes = 1024 * 1024

export interface Assembly {
  readonly target: Target
  readonly compression: Compression
  /** Bytes of a whole batch before compression. */
  readonly maxBatchBytes: number
  /** Of `targetBatchBytes` each. */
  readonly buffers: BufferPool
  readonly scope: Scope.Scope
  readonly share: BudgetShare
  /** Which records are to be restored; `undefined`: all. */
  readonly filter: RecordFilter | undefined
  /** Offset in the source of the last record that needs no restoring any more. */
  restoredThrough: bigint
}

/** Compressed, unless that makes it larger; then the buffer of the records is free again. */
const sectionOf = (
  records: Buffer,
  { buffers, compression }: Assembly
): Effect.Effect<Section, CodecError> =>
  compression === "none"
    ? Effect.succeed({ bytes: records, compression })
    : Effect.map(compress(compression, records), (bytes): Section => {
      if (bytes.length >= records.length) return { bytes: records, compression: "none" }
      buffers.give(records)
      return { bytes, compression }
    })

export const damaged = (target: Target, file: PlannedFile, error: CodecError) =>
  new RestoreFailure({
    partition: target.partition,
    reason:
      `the archive file cannot be restored: ${error.message}; put an intact copy in its place`,
    file: file.key
  })

/** A file under a name that is not its own would pass for restored where it is not. */
const checkStart = ({ archive }: PlannedFile, { bytes, layout }: DecodedBlock): void => {
  const record = new RecordCursor(bytes, layout)
  record.next()
  const offset = record.exactOffset()
  if (offset === archive.firstOffset) return
  throw mismatch(
    `its first record has the source offset ${offset}, its key says ${archive.firstOffset}`
  )
}

/** Takes items until one says stop; hands on batches, ends of files, and that stop. */
export const assemble = (
  assembly: Assembly,
  items: Queue.Dequeue<FileItem>,
  out: Queue.Enqueue<OutItem>
): Effect.Effect<void> => {
  const { share, target } = assembly
  const cut: Array<AssembledBatch> = []
  const assembler = new BatchAssembler(target.source, {
    maxBatchBytes: assembly.maxBatchBytes,
    layout: "ours",
    sourceOffsetHeader,
    filter: assembly.filter,
    buffers: assembly.buffers,
    onBatch: (batch) => {
      cut.push(batch)
    }
  })

  const send = (file: PlannedFile, { records, ...batch }: AssembledBatch) =>
    Effect.gen(function*() {
      const size = records.length
      share.adjust(size)
      assembly.restoredThrough = batch.lastSourceOffset
      const section = yield* Effect.forkIn(
        Effect.tap(
          sectionOf(records, assembly),
          ({ bytes }) => Effect.sync(() => share.adjust(bytes.length - size))
        ),
        assembly.scope
      )
      yield* Queue.offer(out, { kind: "batch", file, batch, section })
    })

  const sendCut = (file: PlannedFile) =>
    Effect.suspend(() =>
      cut.length === 0
        ? Effect.void
        : Effect.forEach(cut.splice(0), (batch) => send(file, batch), { discard: true })
    )

  const append = (file: PlannedFile, { blocks, failure }: DecodedBlocks, fresh: boolean) =>
    Effect.zipRight(
      decoding("records", () => {
        for (const [at, block] of blocks.entries()) {
          share.adjust(-block.bytes.length)
          if (fresh && at === 0) {
            checkStart(file, block)
            assembler.startFile(block.layout)
          }
          assembler.append(block.bytes, block.recordCount, assembly.restoredThrough)
          if (block.isOwn) freeBytes(block.bytes)
        }
      }),
      failure ?? Effect.void
    )

  return Effect.gen(function*() {
    let current: PlannedFile | undefined
    while (true) {
      const item = yield* Queue.take(items)
      if (item.kind === "blocks") {
        const { file } = item
        const fresh = file !== current
        current = file
        const result = yield* Effect.either(
          Effect.flatMap(outcomeOf(item.decoded), (decoded) => append(file, decoded, fresh))
        )
        if (result._tag === "Left") {
          assembler.flush()
          yield* sendCut(file)
          const failure = damaged(target, file, result.left)
          return yield* Queue.offer(out, { kind: "stop", failure })
        }
        yield* sendCut(file)
      } else {
        assembler.flush()
        if (current !== undefined) yield* sendCut(current)
        yield* Queue.offer(out, item)
        if (item.kind === "stop") return
      }
    }
  }).pipe(
    Effect.catchAllDefect((defect) => {
      const failure = new RestoreFailure({ partition: target.partition, reason: String(defect) })
      return Queue.offer(out, { kind: "stop", failure })
    }),
    Effect.asVoid
  )
}
