/**
 * The local directory that holds the archive files still growing. A file's name is its object key
 * in the store; the layer maps it to `<working-dir>/.kafka-data-keep/buffer/<name>`.
 */
import type { Effect, Stream } from "effect"
import { Context, Schema } from "effect"

export class BufferError extends Schema.TaggedError<BufferError>()("BufferError", {
  reason: Schema.Literal("NotFound", "Denied", "NotADirectory", "Full", "InUse", "Failed"),
  operation: Schema.String,
  path: Schema.String,
  cause: Schema.Defect
}) {
  override get message(): string {
    const detail = this.cause instanceof Error ? this.cause.message : String(this.cause)
    return `${this.operation} ${this.path}: ${this.reason}${detail === "" ? "" : ` (${detail})`}`
  }
}

export interface BufferedFile {
  /** The object key that the file is to have. */
  readonly name: string
  /** Bytes. */
  readonly size: number
  /** Last change, milliseconds since the epoch. */
  readonly modified: number
  /** When it was created, as far as the file system knows; else `modified`. */
  readonly created: number
}

export class DiskBuffer extends Context.Tag("kafka-data-keep/DiskBuffer")<DiskBuffer, {
  /** Every file in the buffer, in name order; files set aside are not among them. */
  readonly list: Effect.Effect<ReadonlyArray<BufferedFile>, BufferError>
  /** Files of the original program beside ours, names relative to the working directory. */
  readonly leftovers: Effect.Effect<ReadonlyArray<BufferedFile>, BufferError>
  /** Creates the file with these bytes; fails if it exists (reason InUse). */
  readonly create: (name: string, bytes: Uint8Array) => Effect.Effect<void, BufferError>
  /** Appends all chunks in order, with one write. On failure the file keeps its former length. */
  readonly append: (
    name: string,
    chunks: ReadonlyArray<Uint8Array>
  ) => Effect.Effect<void, BufferError>
  /** Overwrites bytes at a position inside the file. */
  readonly patch: (
    name: string,
    position: number,
    bytes: Uint8Array
  ) => Effect.Effect<void, BufferError>
  /** Cuts the file to `size` bytes. */
  readonly truncate: (name: string, size: number) => Effect.Effect<void, BufferError>
  /** Gives back the descriptor, if one is open; the next write opens it again. */
  readonly release: (name: string) => Effect.Effect<void, BufferError>
  /**
   * Writes file and directory entry through to the disk, then releases the descriptor. Without it
   * a power failure can take what was written, or leave zeros in its place; Kafka has the records
   * still. It is for the day when Kafka is lost too.
   */
  readonly sync: (name: string) => Effect.Effect<void, BufferError>
  readonly read: (name: string) => Stream.Stream<Uint8Array, BufferError>
  /**
   * A small file as a whole, in memory that belongs to the caller; then releases its descriptor.
   */
  readonly content: (name: string) => Effect.Effect<Uint8Array, BufferError>
  /** Reads a leftover of the original (a name from `leftovers`). */
  readonly readLeftover: (name: string) => Stream.Stream<Uint8Array, BufferError>
  /** CRC-32C of the file as it is now. */
  readonly checksum: (name: string) => Effect.Effect<number, BufferError>
  /** Absent is fine. */
  readonly remove: (name: string) => Effect.Effect<void, BufferError>
  readonly removeLeftover: (name: string) => Effect.Effect<void, BufferError>
  /** Moves the file out of the way, never over another; returns where it is now. */
  readonly setAside: (name: string) => Effect.Effect<string, BufferError>
}>() {}
