/** Archive files as streams of decoded blocks, whoever wrote them. */
import type { Scope } from "effect"
import { Effect, Option, Stream } from "effect"
import { ForeignSchema } from "../services/ForeignSchema.ts"
import type { StoreError } from "../services/ObjectStore.ts"
import { ObjectStore } from "../services/ObjectStore.ts"
import type { CodecError } from "../src/codec/CodecError.ts"
import type { ContainerHeader } from "../src/codec/ContainerHeader.ts"
import type { ContainerBlock } from "../src/codec/ContainerReader.ts"
import { decodeBlock, readContainer } from "../src/codec/ContainerReader.ts"
import { factsFromMetadata } from "../src/codec/FactsMetadata.ts"
import type { ReadableLayout } from "../src/codec/RecordCursor.ts"
import type { FileFacts } from "../src/domain/FileFacts.ts"

export interface OpenArchiveFile {
  readonly header: ContainerHeader
  /** Of decoded blocks. */
  readonly layout: ReadableLayout
  /** In file order, to be run once; fails where the file is not whole. */
  readonly blocks: Stream.Stream<ContainerBlock, StoreError | CodecError>
  /** The records of a block. */
  readonly decode: (block: ContainerBlock) => Effect.Effect<Buffer, CodecError>
}

/**
 * Opens an archive file. Blocks of a schema that is neither ours nor the original's are translated
 * into our layout. `owned`: nobody else reads the chunks, whose memory is given back.
 */
export const openArchiveFile = <R>(
  bytes: Stream.Stream<Uint8Array, StoreError, R>,
  owned = false
): Effect.Effect<OpenArchiveFile, StoreError | CodecError, Scope.Scope | ForeignSchema | R> =>
  Effect.gen(function*() {
    const foreign = yield* ForeignSchema
    const context = yield* Effect.context<R>()
    const { blocks, header } = yield* readContainer(Stream.provideContext(bytes, context), owned)
    const { codec, layout, schema } = header
    if (layout !== "foreign") {
      return { header, layout, blocks, decode: (block) => decodeBlock(codec, block) }
    }
    const translate = yield* foreign.translator(schema)
    const decode = (block: ContainerBlock) =>
      Effect.flatMap(
        decodeBlock(codec, block),
        (records) => translate(records, block.recordCount)
      )
    return { header, layout: "ours", blocks, decode }
  })

/** Bytes that hold the header of any file of ours. */
const headerBytes = 8192

/** What an archive file says of itself; `undefined` when its writer recorded nothing. */
export const storedFacts = (
  key: string
): Effect.Effect<FileFacts | undefined, StoreError | CodecError, ObjectStore> =>
  Effect.gen(function*() {
    const store = yield* ObjectStore
    const found = yield* store.head(key)
    const mirrored = Option.map(found, ({ metadata }) => factsFromMetadata(metadata))
    if (Option.isSome(mirrored) && mirrored.value !== undefined) return mirrored.value
    // Copied by a tool that dropped the object metadata: the file itself still says it.
    const start = store.get(key, { start: 0, length: headerBytes })
    return yield* Effect.scoped(Effect.map(readContainer(start), ({ header }) => header.facts))
  })
