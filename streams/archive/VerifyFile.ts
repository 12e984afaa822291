/** Reads an archive file whole, and finds out whether it is what it says. */
import { Effect, Option, Stream } from "effect"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import type { StoreError } from "../../services/ObjectStore.ts"
import { ObjectStore } from "../../services/ObjectStore.ts"
import type { TopicCounts } from "../../services/Progress.ts"
import { archiveSchema } from "../../src/codec/AvroSchema.ts"
import type { BlockStats } from "../../src/codec/BlockStats.ts"
import { CodecError, corrupt } from "../../src/codec/CodecError.ts"
import type { ContainerHeader } from "../../src/codec/ContainerHeader.ts"
import { factsFromMetadata, isFileFact } from "../../src/codec/FactsMetadata.ts"
import { freeBytes } from "../../src/codec/FreeBytes.ts"
import { summarize } from "../../src/codec/RecordCursor.ts"
import type { FileFacts } from "../../src/domain/FileFacts.ts"
import { openArchiveFile } from "../ArchiveFiles.ts"
import type { ChainedFile } from "../BranchChain.ts"
import { decoding } from "../Decoding.ts"
import { pullObject, withPatience } from "../StoreReads.ts"
import { addStats, factProblems, keyProblems, sameFacts } from "./FileChecks.ts"
import type { Finding, FindingKind } from "./Finding.ts"

export interface VerifiedFile {
  readonly file: ChainedFile
  readonly facts: FileFacts | undefined
  /** Of all its records; `undefined` when they could not be read. */
  readonly found: BlockStats | undefined
  readonly findings: ReadonlyArray<Finding>
}

/** Blocks decoded ahead of the one being worked on. */
const decodedAhead = 2

interface Contents {
  readonly facts: FileFacts | undefined
  readonly found: BlockStats | undefined
}

/** What is wrong with the header of a file of ours that can be read all the same. */
const headerDamage = ({ facts, metadata, schema }: ContainerHeader): string | undefined => {
  if (![...metadata.keys()].some(isFileFact)) return undefined
  // A file of the original says nothing of itself: one of ours would pass for it.
  if (facts === undefined) return "what the file says of itself is damaged"
  return schema === archiveSchema ? undefined : "the file's schema is not the one of its writer"
}

/** What has been read is added as it is read; in the end it is the size in the listing. */
const contents = ({ archive, key, size }: ChainedFile, counts: TopicCounts) => {
  let read = 0
  const reach = (end: number) => {
    counts.bytes += end - read
    read = end
  }
  return Effect.ensuring(
    contentsTo({ archive, key }, counts, reach),
    Effect.sync(() => reach(size))
  )
}

const contentsTo = (
  { archive, key }: Pick<ChainedFile, "archive" | "key">,
  counts: TopicCounts,
  reach: (end: number) => void
) =>
  Effect.scoped(Effect.gen(function*() {
    const { blocks, decode, header, layout } = yield* openArchiveFile(yield* pullObject(key), true)
    const decoded = Stream.mapEffect(
      blocks,
      (block) => Effect.map(decode(block), (bytes) => ({ block, bytes })),
      { concurrency: decodedAhead }
    )
    let found: BlockStats | undefined
    yield* Stream.runForEach(decoded, ({ block, bytes }) =>
      decoding(`block at byte ${block.position}`, () => {
        const stats = summarize(bytes, layout, archive, block.recordCount)
        if (stats === undefined) {
          return
        }
        if (found !== undefined && stats.firstOffset <= found.lastOffset) {
          throw new CodecError({
            reason: "Corrupt",
            message:
              `the record at offset ${stats.firstOffset} comes after the one at ${found.lastOffset}`
          })
        }
        found = addStats(found, stats)
        counts.records += stats.recordCount
        reach(block.end)
        freeBytes(bytes)
        freeBytes(block.whole)
      }))
    const damage = headerDamage(header)
    if (damage !== undefined) {
      return yield* corrupt(damage)
    }
    const whole: Contents = { facts: header.facts, found }
    return whole
  }))

/** The facts that are kept with the object; `undefined` where the store keeps none. */
const mirrored = (key: string) =>
  Effect.gen(function*() {
    const store = yield* ObjectStore
    const info = yield* withPatience(store.head(key))
    return Option.getOrUndefined(Option.map(info, ({ metadata }) => factsFromMetadata(metadata)))
  })

/** What a failed look at the file says of it; `undefined` when it says something of the store. */
const kindOf = (error: StoreError | CodecError): FindingKind | undefined => {
  if (error._tag === "CodecError") return error.reason === "Mismatch" ? "misplaced" : "damaged"
  return error.reason === "ChecksumMismatch" || error.reason === "NotFound" ? "damaged" : undefined
}

/** Adds what it reads to the counts of its topic. */
export const verifyFile = (
  file: ChainedFile,
  counts: TopicCounts
): Effect.Effect<VerifiedFile, StoreError, ObjectStore | ForeignSchema> => {
  const { archive: { partition, topic }, key } = file
  const finding = (kind: FindingKind, message: string): Finding => ({
    severity: "error",
    kind,
    topic,
    partition,
    key,
    message
  })
  return Effect.gen(function*() {
    const { facts, found } = yield* contents(file, counts)
    if (found === undefined) {
      const findings = [finding("damaged", "the file holds no record")]
      return { file, facts, found, findings }
    }
    const kept = facts === undefined ? undefined : yield* mirrored(key)
    const findings = [
      ...keyProblems(file.archive, facts, found).map((message) => finding("misplaced", message)),
      ...(facts === undefined ? [] : factProblems(facts, found)).map((message) =>
        finding("contradiction", message)
      ),
      ...(facts === undefined || kept === undefined || sameFacts(facts, kept)
        ? []
        : [finding("contradiction", "the object's metadata and the file's facts differ")])
    ]
    return { file, facts, found, findings }
  }).pipe(
    Effect.catchAll((error) => {
      const kind = kindOf(error)
      if (error._tag === "StoreError" && kind === undefined) return Effect.fail(error)
      const findings = [finding(kind ?? "damaged", error.message)]
      return Effect.succeed({ file, facts: undefined, found: undefined, findings })
    })
  )
}
