/** Proves that an archive is whole: every file is read, and the files account for every offset. */
import { Effect, Stream } from "effect"
import type { ForeignSchema } from "../services/ForeignSchema.ts"
import type { ObjectStore, StoreError } from "../services/ObjectStore.ts"
import type { ProgressCounters } from "../services/Progress.ts"
import { Progress } from "../services/Progress.ts"
import type { CodecError } from "../src/codec/CodecError.ts"
import { joinPath } from "../src/domain/ArchiveKey.ts"
import { ArchiveError } from "./archive/ArchiveError.ts"
import type { Span } from "./archive/Coverage.ts"
import type { Finding } from "./archive/Finding.ts"
import { newTiling, tile } from "./archive/Tiling.ts"
import { partitionFiles, topicFiles } from "./archive/TopicFiles.ts"
import { verifyFile } from "./archive/VerifyFile.ts"
import type { Generation } from "./plan/Generations.ts"
import { findGenerations } from "./plan/Generations.ts"

export interface VerifyOptions {
  readonly prefix: string
  /** `undefined`: all. */
  readonly topic: string | undefined
}

/** A partition has been read to its end. */
export interface VerifiedPartition {
  readonly topic: string
  /** `undefined`: of the first generation. */
  readonly topicId: string | undefined
  readonly partition: number
  readonly files: number
  readonly bytes: number
  readonly records: number
  /** What is archived of its offset line, in ascending order. */
  readonly spans: ReadonlyArray<Span>
  /** Bytes by the day on which their files were written: UTC, `2026-11-22`. */
  readonly bytesByDay: ReadonlyMap<string, number>
}

export type VerifyEvent =
  | { readonly kind: "finding"; readonly finding: Finding }
  | { readonly kind: "partition"; readonly verified: VerifiedPartition }

/** Partitions read at once, and files of each. */
const partitionsAtOnce = 4
const filesAtOnce = 2

const dayOf = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 10)

const verifyPartition = (
  generation: Generation,
  partition: number,
  progress: ProgressCounters
) =>
  Stream.suspend(() => {
    const { topic, topicId } = generation
    const counts = progress.topic(topic)
    const tiling = newTiling()
    const totals = { files: 0, bytes: 0, records: 0 }
    const bytesByDay = new Map<string, number>()
    const found = (findings: ReadonlyArray<Finding>) =>
      findings.map((finding): VerifyEvent => ({ kind: "finding", finding }))
    const end = Stream.suspend(() => {
      const message = `${tiling.unknown} offsets have no record, and no file says why`
      const where = { topic, partition, key: undefined }
      return Stream.fromIterable<VerifyEvent>([
        ...(tiling.unknown === 0n
          ? []
          : found([{ severity: "warning", kind: "unknown", ...where, message }])),
        {
          kind: "partition",
          verified: {
            topic,
            topicId,
            partition,
            ...totals,
            spans: tiling.coverage.spans,
            bytesByDay
          }
        }
      ])
    })
    return partitionFiles(generation, partition).pipe(
      Stream.mapConcat((page) => page),
      Stream.mapEffect((file) => verifyFile(file, counts), { concurrency: filesAtOnce }),
      Stream.mapConcat((verified) => {
        totals.files++
        totals.bytes += verified.file.size
        totals.records += verified.found?.recordCount ?? 0
        const day = dayOf(verified.file.lastModified)
        bytesByDay.set(day, (bytesByDay.get(day) ?? 0) + verified.file.size)
        return found([...verified.findings, ...tile(tiling, verified)])
      }),
      Stream.concat(end)
    )
  })

/**
 * Each partition of the generation, then what else lies in its folders. `listed` is told the bytes
 * of all files.
 */
const parts = (
  generation: Generation,
  progress: ProgressCounters,
  listed: (topic: string, bytes: number) => void
) =>
  Stream.unwrap(Effect.gen(function*() {
    let bytes = 0
    const partitions = new Set<number>()
    const strange: Array<VerifyEvent> = []
    const { topic } = generation
    const pages = topicFiles(generation, (key) => {
      const message = "it is no archive file, or not where its name says"
      strange.push({
        kind: "finding",
        finding: { severity: "warning", kind: "strange", topic, partition: undefined, key, message }
      })
    })
    yield* Stream.runForEach(pages, (page) =>
      Effect.sync(() => {
        for (const { archive, size } of page) {
          partitions.add(archive.partition)
          bytes += size
        }
      }))
    listed(topic, bytes)
    return Stream.make(
      ...[...partitions].sort((a, b) => a - b)
        .map((partition) => verifyPartition(generation, partition, progress)),
      Stream.fromIterable(strange)
    )
  }))

const noTopic = ({ prefix, topic }: VerifyOptions) =>
  new ArchiveError({
    reason: "NoTopic",
    message: `the archive has no topic ${topic ?? ""} under "${joinPath(prefix)}"`
  })

/** Emits what is wrong as it is found, and each partition when it has been read. */
export const verifyArchive = (
  options: VerifyOptions
): Stream.Stream<
  VerifyEvent,
  ArchiveError | StoreError | CodecError,
  ObjectStore | ForeignSchema
> =>
  Stream.unwrap(Effect.gen(function*() {
    const all = yield* findGenerations(options.prefix)
    const lives = options.topic === undefined
      ? [...all.values()].flat()
      : all.get(options.topic) ?? []
    if (lives.length === 0) return yield* noTopic(options)
    const progress = yield* Progress
    const totals = new Map<string, number>()
    let toBeListed = lives.length
    const listed = (topic: string, bytes: number) => {
      totals.set(topic, (totals.get(topic) ?? 0) + bytes)
      toBeListed--
    }
    progress.measure(() => ({
      topics: Array.from(totals, ([topic, total]) => (
        { topic, total, earlier: 0, done: progress.topic(topic).bytes }
      )),
      complete: toBeListed === 0
    }))
    return Stream.fromIterable(lives).pipe(
      Stream.flatMap((generation) => parts(generation, progress, listed)),
      // All is listed while the first is read: only then is it known how much there is.
      Stream.buffer({ capacity: "unbounded" }),
      Stream.flatMap((part) => part, { concurrency: partitionsAtOnce })
    )
  }))
