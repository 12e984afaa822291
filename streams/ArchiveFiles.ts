/** Archive files as streams of decoded blocks, whoever wrote them. */
import type { Stream } from "effect"
import { Effect, Option } from "effect"
import { ForeignSchema } from "../services/ForeignSchema.ts"
import type { Pull, StoreError } from "../services/ObjectStore.ts"
import { ObjectStore } from "../services/ObjectStore.ts"
import { CodecError } from "../src/codec/CodecError.ts"
import type { ContainerHeader } from "../src/codec/ContainerHeader.ts"
import type { BlockPull, ContainerBlock } from "../src/codec/ContainerReader.ts"
import { decodeBlock, pullContainer } from "../src/codec/ContainerReader.ts"
import { factsFromMetadata } from "../src/codec/FactsMetadata.ts"
import type { ReadableLayout } from "../src/codec/RecordCursor.ts"
import type { FileFacts } from "../src/domain/FileFacts.ts"

export interface OpenArchiveFile {
  readonly header: ContainerHeader
  /** Of decoded blocks. */
  readonly layout: ReadableLayout
  /** In file order; fails where the file is not whole. */
  readonly next: BlockPull<StoreError>
  /** The same as a stream, to be run once. */
  readonly blocks: Stream.Stream<ContainerBlock, StoreError | CodecError>
  /** The records of a block. */
  readonly decode: (block: ContainerBlock) => Effect.Effect<Buffer, CodecError>
}

/**
 * Opens an archive file. Blocks of a schema that is neither ours nor the original's are translated
 * into our layout. `owned`: nobody else reads the chunks, whose memory is given back.
 */
export const openArchiveFile = (
  pull: Pull<Uint8Array>,
  owned = false
): Effect.Effect<OpenArchiveFile, StoreError | CodecError, ForeignSchema> =>
  Effect.gen(function*() {
    const { blocks, header, next } = yield* pullContainer(pull, owned)
    const { codec, layout, schema } = header
    if (layout !== "foreign") {
      return { header, layout, next, blocks, decode: (block) => decodeBlock(codec, block) }
    }
    const foreign = yield* ForeignSchema
    const translate = yield* foreign.translator(schema)
    const decode = (block: ContainerBlock) =>
      Effect.flatMap(
        decodeBlock(codec, block),
        (records) => translate(records, block.recordCount)
      )
    return { header, layout: "ours", next, blocks, decode }
  })

/** Says in which file the damage is. */
export const inFile = (key: string) => <E>(error: E | CodecError): E | CodecError =>
  error instanceof CodecError
    ? new CodecError({ reason: error.reason, message: `archive file ${key}: ${error.message}` })
    : error

/** Bytes that hold the header of any file of ours. */
const headerBytes = 8192

export interface StoredFile {
  /** Bytes. */
  readonly size: number
  /** What it says of itself; `undefined` when its writer recorded nothing. */
  readonly facts: FileFacts | undefined
}

/** An archive file as the store shows it, without its records. */
export const storedFile = (
  key: string
): Effect.Effect<StoredFile, StoreError | CodecError, ObjectStore> =>
  Effect.gen(function*() {
    const store = yield* ObjectStore
    const found = Option.getOrUndefined(yield* store.head(key))
    const size = found?.size ?? 0
    const mirrored = found && factsFromMetadata(found.metadata)
    if (mirrored !== undefined) return { size, facts: mirrored }
    // Copied by a tool that dropped the object metadata: the file itself still says it.
    return yield* Effect.scoped(Effect.gen(function*() {
      const { header } = yield* pullContainer(
        yield* store.get(key, { start: 0, length: headerBytes })
      )
      return { size, facts: header.facts }
    }))
  }).pipe(Effect.mapError(inFile(key)))

/** What an archive file says of itself; `undefined` when its writer recorded nothing. */
export const storedFacts = (
  key: string
): Effect.Effect<FileFacts | undefined, StoreError | CodecError, ObjectStore> =>
  Effect.map(storedFile(key), ({ facts }) => facts)
