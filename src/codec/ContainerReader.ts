/** Reads Avro object containers block by block, and finds out how much of a cut-off one is whole. */
import type { Scope } from "effect"
import { Chunk, Effect, Option, Stream } from "effect"
import type { Buffer } from "node:buffer"
import type { ContainerCodec } from "./BlockCodec.ts"
import { decompressBlock } from "./BlockCodec.ts"
import type { BytePull, ByteSource } from "./ByteSource.ts"
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

/** The blocks that have arrived, at least one; fails with none at the end. */
export type BlockPull<E> = Effect.Effect<Chunk.Chunk<ContainerBlock>, Option.Option<E | CodecError>>

export interface Container<E> {
  readonly header: ContainerHeader
  /**
   * In file order. Fails with `CodecError` Truncated when the bytes end inside a block, Corrupt
   * when a block is not followed by the sync marker.
   */
  readonly next: BlockPull<E>
  /** The same as a stream, to be run once. */
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
export const pullContainer = <E>(
  pull: BytePull<E>,
  owned = false
): Effect.Effect<Container<E>, E | CodecError> => {
  const source = byteSource(pull, owned)
  return Effect.map(readHeader(source, firstPeek), (header) => {
    freeBytes(source.take(header.size))
    const next = nextBlocks(source, header.sync)
    return { header, next, blocks: Stream.repeatEffectChunkOption(next) }
  })
}

/** The same for a stream, until the scope closes. */
export const readContainer = <E>(
  bytes: Stream.Stream<Uint8Array, E>
): Effect.Effect<Container<E>, E | CodecError, Scope.Scope> =>
  Effect.flatMap(Stream.toPull(bytes), (pull) => pullContainer(pull))

const parsing = <A>(parse: () => A, context: string): Effect.Effect<A, CodecError> =>
  Effect.try({ try: parse, catch: (error) => codecFailure(error, context) })

const readHeader = <E>(
  source: ByteSource<E>,
  length: number
): Effect.Effect<ContainerHeader, E | CodecError> =>
  Effect.zipRight(
    source.arrive(length),
    Effect.catchIf(
      parsing(() => parseContainerHeader(source.peek(length)), "container"),
      (error) =>
        error instanceof CodecError && error.reason === "Truncated" &&
        !source.ended() && length < largestHeader,
      () => readHeader(source, length * 4)
    )
  )

/** The next block; how many bytes have to arrive before it can be cut; `undefined` at the end. */
const cutBlock = <E>(
  source: ByteSource<E>,
  sync: Buffer
): ContainerBlock | number | undefined => {
  const position = source.position()
  const longestFront = 2 * maxVarintBytes
  if (source.available() < longestFront && !source.ended()) return longestFront
  const front = source.peek(longestFront)
  if (front.length === 0) return undefined
  const reader = new VarintReader(front)
  const recordCount = reader.readInt()
  const size = reader.readInt()
  if (recordCount < 0 || size < 0 || size > maxExpandedBytes) {
    throw corrupt(`it states ${recordCount} records in ${size} bytes`)
  }
  const start = reader.position
  const length = start + size + syncBytes
  if (source.available() < length) {
    if (source.ended()) throw truncated("the file ends inside it")
    return length
  }
  const whole = source.take(length)
  if (!whole.subarray(start + size).equals(sync)) {
    throw corrupt("it is not followed by the file's sync marker")
  }
  const data = whole.subarray(start, start + size)
  return { position, recordCount, data, whole, end: source.position() }
}

/** Compressed bytes of blocks that are handed on together, when so many have arrived. */
const togetherBytes = 256 * 1024

/** Waits for one block, and takes with it those that have arrived. Fails with none at the end. */
const nextBlocks = <E>(
  source: ByteSource<E>,
  sync: Buffer
): BlockPull<E> => {
  /** What is wrong behind the last blocks that were handed on. */
  let failure: CodecError | undefined
  const next = Effect.suspend(
    (): BlockPull<E> => {
      const blocks: Array<ContainerBlock> = []
      const from = source.position()
      while (failure === undefined && source.position() - from < togetherBytes) {
        const at = source.position()
        try {
          const block = cutBlock(source, sync)
          if (typeof block === "number" && blocks.length === 0) {
            return Effect.zipRight(Effect.mapError(source.arrive(block), Option.some), next)
          }
          if (block === undefined || typeof block === "number") break
          blocks.push(block)
        } catch (error) {
          failure = codecFailure(error, `block at byte ${at}`)
        }
      }
      if (blocks.length > 0) return Effect.succeed(Chunk.unsafeFromArray(blocks))
      return Effect.fail(failure === undefined ? Option.none() : Option.some(failure))
    }
  )
  return next
}

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
