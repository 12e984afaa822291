/**
 * Turns the batches of one partition into archive files: blocks are encoded as batches come in;
 * a fiber compresses, buffers and uploads them in order, and ends when nothing is left to do.
 */
import type { Cause, Scope } from "effect"
import { Clock, Deferred, Effect, FiberHandle } from "effect"
import type { DiskBuffer } from "../../services/DiskBuffer.ts"
import type { BufferPool } from "../../src/codec/BufferPool.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import type { BatchOutcome } from "../../src/codec/FetchedBatches.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import type { ByteBudget } from "../ByteBudget.ts"
import { decoding } from "../Decoding.ts"
import type { PartitionFailure } from "./Archived.ts"
import { BackupError } from "./Archived.ts"
import type { FinishedBlock, Tail } from "./BlockBuilder.ts"
import { makeBlockBuilder } from "./BlockBuilder.ts"
import type { FileWriterSettings, GrowingFile } from "./GrowingFile.ts"
import { makeFileWriter } from "./GrowingFile.ts"
import type { OpenBlocks } from "./OpenBlocks.ts"

export interface WriterSettings extends FileWriterSettings {
  /** Milliseconds after which a file is uploaded whatever its size; 0 never. */
  readonly maxFileAgeMs: number
  /** Milliseconds without records after which block and descriptor are given back. */
  readonly idleMs: number
  /** Milliseconds after which what has been written is brought safely to the disk; 0 when idle. */
  readonly syncMs: number
  readonly budget: ByteBudget
  readonly pool: BufferPool
  readonly openBlocks: OpenBlocks
  /** Called once, with what stopped the writer. */
  readonly failed: (error: PartitionFailure) => void
  /** The writer ended in a way that no caller can handle. */
  readonly crashed: (cause: Cause.Cause<never>) => Effect.Effect<void>
}

export interface PartitionWriter {
  /** The offset after everything taken in. */
  readonly position: () => bigint
  /** The offset below which everything is in the archive or known to hold no record. */
  readonly durable: () => bigint
  /** Since when something waits for its upload, milliseconds since the epoch. */
  readonly waitingSinceMs: () => number | undefined
  /** Bytes of the file in the disk buffer; undefined when there is none. */
  readonly bufferedBytes: () => number | undefined
  /** Takes in the batches; waits while too much is in memory. */
  readonly append: (batches: ReadonlyArray<BatchOutcome>) => Effect.Effect<void, CodecError>
  /** Notes that retention removed everything below `next` before it could be read. */
  readonly skipDeleted: (next: bigint) => void
  /** Uploads everything taken in so far; returns how many files that made. */
  readonly rotate: Effect.Effect<number, PartitionFailure>
  /** Brings everything taken in so far into the disk buffer, and gives back the descriptor. */
  readonly park: Effect.Effect<void, PartitionFailure>
  /** Gives up the upload that is under way, uploads nothing any more, and parks. */
  readonly stop: Effect.Effect<void, PartitionFailure>
  /** What there is to do by age or idleness; `undefined` when nothing is. */
  readonly due: (nowMs: number) => Effect.Effect<unknown, PartitionFailure> | undefined
}

type Task =
  | { readonly _tag: "Block"; readonly finished: FinishedBlock }
  | { readonly _tag: "Tail"; readonly tail: Tail }
  | { readonly _tag: "Request"; readonly work: Effect.Effect<void, PartitionFailure> }

export const makePartitionWriter = (
  settings: WriterSettings
): Effect.Effect<PartitionWriter, never, DiskBuffer | Scope.Scope> =>
  Effect.gen(function*() {
    const { budget, source } = settings
    const files = yield* makeFileWriter(settings)
    const worker = yield* FiberHandle.make<void>()
    const runInBackground = yield* FiberHandle.runtime(worker)()
    const ended = yield* Deferred.make<never, PartitionFailure>()

    /** Those that wait, in their order. */
    const tasks: Array<Task> = []
    let working = false
    let ending = false
    let unfinished = 0
    let queuedBytes = 0
    let waitingSinceMs = settings.file?.openedMs
    let lastAppendMs = 0
    let parked = true
    let rotating = false
    let failure: PartitionFailure | undefined
    let closed = false

    const queueBytes = (bytes: number) => {
      queuedBytes += bytes
      if (bytes > 0) budget.add(bytes)
      else budget.remove(-bytes)
    }

    const offer = (task: Task) => {
      unfinished++
      if (task._tag === "Block") queueBytes(task.finished.block.bytes.length)
      tasks.push(task)
      if (working || ending) return
      working = true
      // Not at once: its giver is in the middle of something.
      runInBackground(workOff, { immediate: false })
    }

    const blocks = makeBlockBuilder({
      source,
      start: settings.file?.facts.coverageNext ?? settings.watermark,
      pool: settings.pool,
      openBlocks: settings.openBlocks,
      onBlock: (finished) => offer({ _tag: "Block", finished }),
      onTail: (tail) => offer({ _tag: "Tail", tail })
    })

    // After a failure what was queued is dropped, so that then an empty queue says nothing.
    const nothingWaits = () =>
      failure === undefined && unfinished === 0 && files.file() === undefined
      && blocks.openRecords() === 0

    const noLonger = () =>
      new BackupError({
        reason: "Incomplete",
        message: `${topicPartitionName(source)} is no longer backed up here, its buffer is kept`
      })

    const perform = (task: Task): Effect.Effect<void, PartitionFailure> => {
      switch (task._tag) {
        case "Block":
          return files.write(task.finished)
        case "Tail":
          return files.noteTail(task.tail)
        case "Request":
          return task.work
      }
    }

    const finish = (task: Task, fileBefore: GrowingFile | undefined) => {
      unfinished--
      if (task._tag === "Block") {
        const { bytes } = task.finished.block
        queueBytes(-bytes.length)
        settings.pool.give(bytes)
      }
      if (nothingWaits()) waitingSinceMs = undefined
      else if (fileBefore !== undefined && files.file() === undefined) waitingSinceMs = lastAppendMs
    }

    const work = (task: Task) =>
      Effect.suspend(() => {
        const fileBefore = files.file()
        return (failure === undefined ? perform(task) : Effect.void).pipe(
          Effect.catchAll((error) => {
            failure = error
            settings.failed(error)
            return Deferred.fail(ended, error)
          }),
          Effect.ensuring(Effect.sync(() => finish(task, fileBefore)))
        )
      })

    const workOff = Effect.gen(function*() {
      for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) yield* work(task)
      working = false
    }).pipe(Effect.interruptible, Effect.tapErrorCause(settings.crashed))

    yield* Effect.addFinalizer(() =>
      Effect.gen(function*() {
        ending = true
        yield* FiberHandle.clear(worker)
        closed = true
        queueBytes(-queuedBytes)
        blocks.discard()
        yield* Deferred.fail(ended, noLonger())
      })
    )

    const append = (batches: ReadonlyArray<BatchOutcome>) =>
      Effect.gen(function*() {
        lastAppendMs = yield* Clock.currentTimeMillis
        for (const outcome of batches) {
          // Nobody would take it out of the queue again, nor its bytes out of the budget.
          if (closed) return
          yield* decoding(topicPartitionName(source), () => blocks.take(outcome))
          if (blocks.openRecords() > 0) waitingSinceMs ??= lastAppendMs
          parked = false
          yield* budget.room
        }
      })

    /** Comes after everything taken in so far. Never waits for a writer that has ended. */
    const request = <A>(effect: Effect.Effect<A, PartitionFailure>) =>
      Effect.flatMap(Deferred.make<A, PartitionFailure>(), (done) =>
        Effect.suspend(() => {
          if (failure !== undefined) return Effect.fail(failure)
          blocks.close()
          offer({
            _tag: "Request",
            work: Effect.flatMap(effect, (result) => Deferred.succeed(done, result))
          })
          return Effect.raceFirst(
            Effect.interruptible(Deferred.await(done)),
            Effect.interruptible(Deferred.await(ended))
          )
        }))

    const rotate = Effect.flatMap(
      request(files.upload),
      (count) => count === undefined ? Effect.fail(noLonger()) : Effect.succeed(count)
    )
    const park = Effect.suspend(() => {
      parked = true
      return request(files.sync)
    })

    return {
      position: blocks.position,
      durable: () => nothingWaits() ? blocks.position() : files.watermark(),
      waitingSinceMs: () => waitingSinceMs,
      bufferedBytes: () => files.file()?.size,
      append,
      skipDeleted: blocks.skipDeleted,
      rotate,
      park,
      stop: Effect.zipRight(files.halt, park),
      due: (nowMs) => {
        const { idleMs, maxFileAgeMs, syncMs } = settings
        const old = maxFileAgeMs > 0 && waitingSinceMs !== undefined
          && nowMs - waitingSinceMs >= maxFileAgeMs
        if (old && !rotating) {
          rotating = true
          return Effect.ensuring(rotate, Effect.sync(() => (rotating = false)))
        }
        if (!parked && nowMs - lastAppendMs >= idleMs) return park
        const unsynced = files.unsyncedSinceMs()
        return syncMs > 0 && unsynced !== undefined && nowMs - unsynced >= syncMs
          ? Effect.tapError(files.sync, (error) => Effect.sync(() => settings.failed(error)))
          : undefined
      }
    }
  })
