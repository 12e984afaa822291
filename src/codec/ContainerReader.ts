/** Reads Avro object containers block by block, and finds out how much of a cut-off one is whole. */
import type { Scope } from "effect"
import { Effect, Option, Stream } from "effect"
import type { Buffer } from "node:buffer"
import type { ContainerCodec } from "./BlockCodec.ts"
import { decompressBlock } from "./BlockCodec.ts"
import type { ByteSource } from "./ByteSource.ts"
import { byteSource } from "./ByteSource.ts"
import { CodecError, corrupt, truncated } from "./CodecError.ts"
import { codecFailure, maxExpandedBytes } from "./Compression.ts"
import type { ContainerHeader } from "./ContainerHeader.ts"
import { parseContainerHeader } from "./ContainerHeader.ts"
import { syncBytes } from "./ContainerWriter.ts"
import { freeBytes } from "./FreeBytes.ts"
import { maxVarintBytes, VarintReader } from "./Varint.ts"

/** One block as it lies in the file. */
export interface ContainerBlock {
  /** Where in the file it starts. */
  readonly position: number
  /** As stated; what the block holds is checked when its records are read. */
  readonly recordCount: number
  /** Still compressed; a view of `whole`. */
  readonly data: Buffer
  /** With the block's counts and sync marker; has its memory to itself. */
  readonly whole: Buffer
  /** Where in the file the next one starts. */
  readonly end: number
}

export interface Container<E> {
  readonly header: ContainerHeader
  /**
   * In file order; to be run once. Ends with `CodecError` Truncated when the bytes end inside a
   * block, Corrupt when a block is not followed by the sync marker.
   */
  readonly blocks: Stream.Stream<ContainerBlock, E | CodecError>
}

/** Headers are about 2 KiB; a foreign schema can make them larger. */
const firstPeek = 4096
const largestHeader = 16 * 1024 * 1024

/**
 * Opens a container. Fails with `CodecError`: Truncated when the bytes end inside the header,
 * Corrupt or Unsupported when it is not a header that can be read. `owned`: nobody else reads the
 * chunks, whose memory is given back.
 */
export const readContainer = <E>(
  bytes: Stream.Stream<Uint8Array, E>,
  owned = false
): Effect.Effect<Container<E>, E | CodecError, Scope.Scope> =>
  Effect.gen(function*() {
    const source = yield* byteSource(bytes, owned)
    const header = yield* readHeader(source, firstPeek)
    freeBytes(yield* source.take(header.size))
    const blocks = Stream.repeatEffectOption(
      Effect.flatMap(
        Effect.mapError(nextBlock(source, header.sync), Option.some<E | CodecError>),
        Option.match({ onNone: () => Effect.fail(Option.none()), onSome: Effect.succeed })
      )
    )
    return { header, blocks }
  })

const parsing = <A>(parse: () => A, context: string): Effect.Effect<A, CodecError> =>
  Effect.try({ try: parse, catch: (error) => codecFailure(error, context) })

const readHeader = <E>(
  source: ByteSource<E>,
  length: number
): Effect.Effect<ContainerHeader, E | CodecError> =>
  Effect.flatMap(source.peek(length), (bytes) =>
    Effect.catchIf(
      parsing(() => parseContainerHeader(bytes), "container"),
      (error) =>
        error instanceof CodecError && error.reason === "Truncated" &&
        bytes.length === length && length < largestHeader,
      () => readHeader(source, length * 4)
    ))

const nextBlock = <E>(
  source: ByteSource<E>,
  sync: Buffer
): Effect.Effect<Option.Option<ContainerBlock>, E | CodecError> =>
  Effect.gen(function*() {
    const position = source.position()
    const context = `block at byte ${position}`
    const front = yield* source.peek(2 * maxVarintBytes)
    if (front.length === 0) return Option.none()
    const reader = new VarintReader(front)
    const [recordCount, size] = yield* parsing(
      () => [reader.readInt(), reader.readInt()] as const,
      context
    )
    if (recordCount < 0 || size < 0 || size > maxExpandedBytes) {
      return yield* corrupt(`${context}: it states ${recordCount} records in ${size} bytes`)
    }
    const start = reader.position
    const length = start + size + syncBytes
    const whole = yield* source.take(length)
    if (whole.length < length) return yield* truncated(`${context}: the file ends inside it`)
    if (!whole.subarray(start + size).equals(sync)) {
      return yield* corrupt(`${context}: it is not followed by the file's sync marker`)
    }
    const data = whole.subarray(start, start + size)
    return Option.some({ position, recordCount, data, whole, end: source.position() })
  })

/** The Avro bytes of a block. Fails with `CodecError` Corrupt when they are damaged. */
export const decodeBlock = (
  codec: ContainerCodec,
  { data, position }: ContainerBlock
): Effect.Effect<Buffer, CodecError> => decompressBlock(codec, data, `block at byte ${position}`)

export interface ContainerScan {
  readonly header: ContainerHeader
  /** Blocks that are whole. */
  readonly blocks: number
  /** Records that these blocks state. */
  readonly recordCount: number
  /** Where the last of them ends. */
  readonly wholeBytes: number
  /** Something follows them that is no whole block. */
  readonly torn: boolean
}

/**
 * Reads a container to its end, or to the first block that is cut off or damaged: every block up
 * to there has been decompressed. Fails with `CodecError` when the header is not whole.
 */
export const scanContainer = <E>(
  bytes: Stream.Stream<Uint8Array, E>
): Effect.Effect<ContainerScan, E | CodecError> =>
  Effect.scoped(Effect.gen(function*() {
    const { blocks, header } = yield* readContainer(bytes)
    const scan = { header, blocks: 0, recordCount: 0, wholeBytes: header.size, torn: false }
    yield* Stream.runForEach(blocks, (block) =>
      Effect.map(decodeBlock(header.codec, block), () => {
        scan.blocks++
        scan.recordCount += block.recordCount
        scan.wholeBytes = block.end
      })).pipe(
        Effect.catchIf(
          (error): error is CodecError => error instanceof CodecError,
          () => Effect.sync(() => void (scan.torn = true))
        )
      )
    return scan
  }))
