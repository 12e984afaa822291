/** Backup programs that share an archive on the real S3 server; their Kafka is in memory. */
import { Effect, Layer, Logger } from "effect"
import { StackAddresses } from "../../dev/stack/Stack.ts"
import { S3StoreLayer } from "../../services/S3StoreLayer.ts"
import { checkArchive } from "../../src/cli/ArchiveCheck.ts"
import { archiveKey, partitionFolder } from "../../src/domain/ArchiveKey.ts"
import type { BackupOptions } from "../../src/domain/Settings.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { recordsIn } from "./BackupHarness.ts"
import { newProgramOn, originalFile, until } from "./BackupPrograms.ts"
import type { StoredFile } from "./records/ArchiveView.ts"
import { archiveFiles, bucketFiles, identity, putIntoBucket } from "./records/ArchiveView.ts"
import type { SeenPut } from "./S3Between.ts"
import { makeS3Between } from "./S3Between.ts"
import { environment } from "./S3Server.ts"
import { SharedStack, unique } from "./SharedStack.ts"

/** The shared stack, and its credentials where the store looks for them. */
export const storeLive = Layer.merge(
  SharedStack,
  Layer.scopedDiscard(
    Effect.flatMap(
      StackAddresses,
      ({ s3 }) =>
        environment({ AWS_ACCESS_KEY_ID: s3.accessKey, AWS_SECRET_ACCESS_KEY: s3.secretKey })
    )
  ).pipe(Layer.provide(SharedStack))
)

export const silent = Logger.remove(Logger.defaultLogger)

/** `0-9 10-19`: the first and last offsets of the files, in key order. */
const spansOf = (files: ReadonlyArray<StoredFile>) =>
  Effect.map(
    Effect.forEach(files, ({ bytes }) => recordsIn(bytes)),
    (all) => all.map((records) => `${records[0]?.offset}-${records.at(-1)?.offset}`).join(" ")
  )

/** Keys that the server took more than once. */
export const writtenAgain = (puts: ReadonlyArray<SeenPut>): ReadonlyArray<string> => {
  const written = puts.filter(({ status }) => status === 200).map(({ key }) => key)
  return written.filter((key, at) => written.indexOf(key) !== at)
}

/** An archive with a prefix of its own, behind a proxy that sees and can fail each PUT. */
export const makeArchive = Effect.fnUntraced(
  function*(options: { readonly ignoresConditions?: boolean } = {}) {
    const { s3 } = yield* StackAddresses
    const between = yield* makeS3Between(s3, options.ignoresConditions)
    const { bucket, region } = s3
    const store = S3StoreLayer({ bucket, region, endpoint: between.endpoint })
    const prefix = unique("conditions")
    const all = bucketFiles(prefix)
    const objects = archiveFiles(prefix)
    const below = (source: TopicPartition, root = prefix) =>
      bucketFiles(partitionFolder(root, source))
    return {
      prefix,
      between,
      store,
      /** One installation, that has looked at the archive as each does at its start. */
      newProgram: Effect.gen(function*() {
        const program = yield* newProgramOn(store)
        yield* Effect.provide(checkArchive({ prefix, write: true }), program.context)
        return {
          ...program,
          once: (changes: Partial<BackupOptions> = {}) => program.once({ prefix, ...changes }),
          start: (changes: Partial<BackupOptions> = {}) => program.start({ prefix, ...changes })
        }
      }),
      /** Every archive file, as it is now. */
      objects,
      /** Keys of what lies beside the archive files. */
      besides: Effect.map(
        all,
        (files) => files.map(({ key }) => key).filter((key) => !key.endsWith(".avro"))
      ),
      /** The first and last offsets of the partition's files: `0-9 10-19`. */
      spans: (source: TopicPartition, root?: string) =>
        Effect.flatMap(below(source, root), spansOf),
      /** The records of the partition's files, file by file. */
      records: (source: TopicPartition, root?: string) =>
        Effect.flatMap(
          below(source, root),
          (files) => Effect.forEach(files, ({ bytes }) => recordsIn(bytes))
        ),
      /** Keys of those among the objects that are not what they were, or are gone. */
      changed: (before: ReadonlyArray<StoredFile>) =>
        Effect.map(objects, (files) => {
          const now = new Set(identity(files).map((each) => JSON.stringify(each)))
          return identity(before).filter((each) => !now.has(JSON.stringify(each))).map(([key]) =>
            key
          )
        }),
      /** A file of the original's, with the records that `fill` writes. */
      putOriginal: (source: TopicPartition, offsets: ReadonlyArray<number>, tag?: string) =>
        Effect.flatMap(
          originalFile(source, offsets, tag),
          (bytes) =>
            putIntoBucket([{ key: archiveKey(prefix, source, BigInt(offsets[0] ?? 0)), bytes }])
        )
    }
  }
)

export type Archive = Effect.Effect.Success<ReturnType<typeof makeArchive>>
export type Installation = Effect.Effect.Success<Archive["newProgram"]>

/** Waits until the program's buffer holds so many records, and none of its files is open. */
export const buffered = (program: Installation, records: number) =>
  until(
    Effect.gen(function*() {
      if (program.disk.open.size > 0) return false
      const files = [...program.disk.files.values()]
      const all = yield* Effect.forEach(files, ({ bytes }) => recordsIn(bytes))
      return all.flat().length === records
    }),
    `a buffer of ${records} records`
  )

/** From now on the program reads nothing from Kafka, until `readOn` has run. */
export const holdFetches = (program: Installation) =>
  Effect.gen(function*() {
    const gate = yield* Effect.makeLatch()
    const calls = program.faults.calls("fetch")
    program.faults.before("fetch", gate.await)
    yield* until(Effect.sync(() => program.faults.calls("fetch") > calls), "a fetch that is held")
    return { readOn: gate.open }
  })
