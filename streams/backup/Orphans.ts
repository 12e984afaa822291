/**
 * Buffer files that no running writer continues: of partitions that are another member's now, of
 * topics that are gone, or of partitions that cannot be opened.
 */
import { Effect, Option } from "effect"
import type { BufferedFile, BufferError } from "../../services/DiskBuffer.ts"
import { DiskBuffer } from "../../services/DiskBuffer.ts"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import type { ObjectStore } from "../../services/ObjectStore.ts"
import { parseArchiveKey } from "../../src/domain/ArchiveKey.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { archiveFile } from "./Archive.ts"
import type { ArchivedFile } from "./Archived.ts"
import { recoverFile } from "./Recovery.ts"

/** Runs the effect unless the partition's buffer files are in use; none when they are. */
export type Exclusively = (
  source: TopicPartition
) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<Option.Option<A>, E, R>

export interface UploadedOrphans {
  readonly uploaded: ReadonlyArray<ArchivedFile>
  /** One sentence for each file that could not be uploaded; it is kept. */
  readonly failed: ReadonlyArray<string>
  /** Names of those among them that no patience with the store will help. */
  readonly refused: ReadonlyArray<string>
}

/**
 * Uploads the buffer's files of partitions that are not in use, those that `wanted` names. Files
 * that are no archive files are set aside.
 */
export const uploadOrphans = (
  exclusively: Exclusively,
  wanted: (file: BufferedFile, source: TopicPartition) => boolean = () => true
): Effect.Effect<UploadedOrphans, BufferError, DiskBuffer | ForeignSchema | ObjectStore> =>
  Effect.gen(function*() {
    const buffer = yield* DiskBuffer
    const uploaded: Array<ArchivedFile> = []
    const failed: Array<string> = []
    const refused: Array<string> = []

    const upload = (found: BufferedFile) =>
      Effect.gen(function*() {
        const file = yield* recoverFile(found)
        if (file === undefined) return
        uploaded.push(yield* archiveFile(file, { patience: "30 seconds" }))
      }).pipe(
        Effect.catchAll((error) => {
          failed.push(`${found.name}: ${error.message}`)
          if (error._tag !== "StoreError" || !error.transient) refused.push(found.name)
          return Effect.logError("buffer file could not be uploaded, it is kept").pipe(
            Effect.annotateLogs({ file: found.name, error: error.message })
          )
        })
      )

    for (const found of yield* buffer.list) {
      const source = parseArchiveKey(found.name)
      if (source === undefined) yield* Effect.ignoreLogged(recoverFile(found))
      else if (wanted(found, source)) yield* exclusively(source)(upload(found))
    }
    return { uploaded, failed, refused }
  })

/** For when no partition is being backed up. */
export const nothingInUse: Exclusively = () => Effect.asSome
