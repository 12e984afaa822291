/**
 * Works off the plan entries of one target partition: reading, assembling and producing go on at
 * the same time, over the bounds of files.
 */
import { Effect, Metric, Queue } from "effect"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import type { Kafka } from "../../services/Kafka.ts"
import {
  restoredBytes,
  restoredFiles,
  restoredRecords,
  restorePartitionFileIndex
} from "../../services/Metrics.ts"
import type { ObjectStore, StoreError } from "../../services/ObjectStore.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import { recordFilter } from "../../src/codec/RecordFilter.ts"
import type { PlannedFile } from "../../src/domain/Plan.ts"
import { clashOf, rangeOf } from "../../src/domain/RestoreChoice.ts"
import { askOrigin, begins } from "./AskOrigin.ts"
import type { Assembly } from "./FileAssembly.ts"
import { assemble, damaged } from "./FileAssembly.ts"
import type { FileEnd, FileItem, OutItem } from "./FileItems.ts"
import { shareOf } from "./FileItems.ts"
import { readFile } from "./FileReader.ts"
import { filesAhead, makeOpenAhead, smallFileBytes } from "./OpenAhead.ts"
import { openTarget } from "./OpenTarget.ts"
import { RestoreFailure } from "./Outcome.ts"
import { disorderOf } from "./PlanOrder.ts"
import type { PlanEntry, Target } from "./PlanState.ts"
import { openOrigin } from "./PlanState.ts"
import type { PlanContext } from "./RestoreContext.ts"
import type { FileTotals, ProduceEnd } from "./TargetProducer.ts"
import { produce } from "./TargetProducer.ts"

/** Blocks decoded ahead, and batches compressed ahead, of one target partition. */
const blocksAhead = 2
const batchesAhead = 2

/** What is wrong with an entry, before its file is looked at. */
const refusal = (
  context: PlanContext,
  target: Target,
  entry: PlanEntry
): RestoreFailure | undefined => {
  const { partition, source } = target
  const { content, offset } = entry
  const clash = clashOf(context.options.choice, source.topic)
  if (clash !== undefined) {
    const reason =
      `${clash} is renamed to ${source.topic}, whose own records would mix with its: ` +
      "rename both, or leave one out"
    return new RestoreFailure({ partition, reason })
  }
  if ("problem" in content) {
    const where = `plan record at ${context.plan.topic}-${context.plan.partition} offset ${offset}`
    return new RestoreFailure({
      partition,
      reason: `${where} is unusable: ${content.problem}; plan into another plan topic`
    })
  }
  const complete = context.complete || context.state.isAfterUnusable(offset)
  const reason = disorderOf(target.lastIndex, content.index, complete)
  return reason === undefined
    ? undefined
    : new RestoreFailure({ partition, reason, file: content.key })
}

const notRead = (
  target: Target,
  file: PlannedFile,
  error: StoreError | CodecError | RestoreFailure
): RestoreFailure => {
  if (error._tag === "RestoreFailure") return error
  if (error._tag === "CodecError") return damaged(target, file, error)
  const reason = error.reason === "NotFound"
    ? "the archive file is not in the archive any more; put it back"
    : `the archive file cannot be read: ${error.message}`
  return new RestoreFailure({ partition: target.partition, reason, file: file.key })
}

/** Returns when the target has no more entries, or another one waits that the plan names before. */
export const runTarget = (
  context: PlanContext,
  target: Target
): Effect.Effect<void, ProduceEnd, Kafka | ObjectStore | ForeignSchema> =>
  Effect.gen(function*() {
    const { config, position } = yield* openTarget(context, target)
    const range = rangeOf(context.options.choice, target.source)
    const scope = yield* Effect.scope
    const share = yield* shareOf(context.budget)
    const items = yield* Queue.bounded<FileItem>(blocksAhead)
    const out = yield* Queue.bounded<OutItem>(batchesAhead)
    const assembly: Assembly = {
      target,
      compression: context.options.compression,
      maxBatchBytes: Math.min(context.pace.batchBytes, config.maxMessageBytes),
      buffers: context.buffers,
      scope,
      share,
      filter: recordFilter(range),
      restoredThrough: position.lastSourceOffset
    }
    const offer = (item: FileItem) => Queue.offer(items, item)
    const stop = (failure: RestoreFailure | undefined) => offer({ kind: "stop", failure })

    const restoredThrough = () => assembly.restoredThrough
    const { open, prepare } = yield* makeOpenAhead
    const reading = { target, open, scope, share, offer, restoredThrough, range }
    let fileBytes = Number.POSITIVE_INFINITY
    const read = (file: PlannedFile) =>
      (fileBytes <= smallFileBytes
        ? prepare(context.state.upcoming(target, filesAhead))
        : Effect.void).pipe(
          Effect.zipRight(readFile(file, reading)),
          Effect.map((bytes) => {
            fileBytes = bytes
          }),
          Effect.mapError((error) => notRead(target, file, error))
        )

    const readAll: Effect.Effect<unknown, never, Kafka | ObjectStore | ForeignSchema> = Effect
      .suspend(
        () => {
          const entry = context.state.next(target)
          const other = context.state.firstWaiting()?.unfinished[0]
          if (entry === undefined || (other !== undefined && other.offset < entry.offset)) {
            return stop(undefined)
          }
          const asks = begins(target, entry)
          // What the target is asked must not be on its way there: the next run asks.
          if (asks && target.taken > 0) return stop(undefined)
          target.taken++
          const refused = refusal(context, target, entry)
          if (refused !== undefined || "problem" in entry.content) return stop(refused)
          target.lastIndex = Math.max(target.lastIndex, entry.content.index)
          const asked = asks
            ? askOrigin(context, target, entry.content, entry.offset, restoredThrough())
            : Effect.void
          return Effect.matchEffect(Effect.zipRight(asked, read(entry.content)), {
            onFailure: stop,
            onSuccess: () => readAll
          })
        }
      )

    const finished = ({ file, skipped }: FileEnd, { bytes, records }: FileTotals) =>
      Effect.gen(function*() {
        const { topic } = target.partition
        if (target.attempts > 0 && openOrigin(target) === undefined) {
          yield* context.failures.remove(context.plan, target.partition)
        }
        context.state.finish(target)
        const { index, partition, topicsSha } = file
        target.finishedIndex = Math.max(target.finishedIndex, index)
        const nothingNew = skipped || records === 0
        context.planned.finished(target.partition, index, nothingNew)
        context.changed()
        yield* Metric.set(restorePartitionFileIndex(topicsSha, file.topic, partition), index)
        yield* Metric.incrementBy(restoredFiles(topic), 1)
        yield* Metric.incrementBy(restoredRecords(topic), records)
        yield* Metric.incrementBy(restoredBytes(topic), bytes)
        yield* context.emit({
          ...target.partition,
          key: file.key,
          records,
          bytes,
          skipped: nothingNew
        })
      })

    const died = (defect: unknown) =>
      stop(new RestoreFailure({ partition: target.partition, reason: String(defect) }))
    yield* Effect.forkIn(Effect.catchAllDefect(readAll, died), scope)
    yield* Effect.forkIn(assemble(assembly, items, out), scope)
    const { buffers, fencing, leaders, owned, pace } = context
    const limit = config.maxMessageBytes
    const counts = context.progress.topic(target.partition.topic)
    yield* produce(
      {
        leaders,
        target,
        position,
        limit,
        fencing,
        buffers,
        share,
        pace,
        counts,
        owned,
        finished,
        scope
      },
      out
    ).pipe(
      Effect.ensuring(Effect.sync(() => {
        // What was read ahead is no part of the position: it may never have been produced.
        if (target.mustRenew) target.position = undefined
      }))
    )
  }).pipe(Effect.scoped)
