/**
 * Object storage as this program needs it: an S3 bucket, or a directory with the same keys.
 * `S3StoreLayer.ts` and `DirectoryStoreLayer.ts` implement it.
 */
import type { Chunk, Effect, Option, Scope, Stream } from "effect"
import { Context, Schema } from "effect"

export class StoreError extends Schema.TaggedError<StoreError>()("StoreError", {
  reason: Schema.Literal(
    "NotFound",
    "NoSuchBucket",
    "Denied",
    "BadCredentials",
    "ChecksumMismatch",
    "Throttled",
    "Unreachable",
    "Invalid",
    "Failed"
  ),
  operation: Schema.String,
  key: Schema.String,
  cause: Schema.Defect
}) {
  override get message(): string {
    const detail = this.cause instanceof Error ? this.cause.message : String(this.cause)
    return `${this.operation} ${this.key}: ${this.reason}${detail === "" ? "" : ` (${detail})`}`
  }
  /** Retrying the same request can succeed. */
  get transient(): boolean {
    return this.reason === "Throttled" || this.reason === "Unreachable" || this.reason === "Failed"
  }
}

/** A body that can be read more than once, so that a failed upload can be repeated. */
export interface ObjectBody {
  /** Bytes. */
  readonly size: number
  /** CRC-32C of the whole body. The store refuses a body that does not have it. */
  readonly crc32c: number
  /**
   * Opens the body from its start. Chunks belong to whoever opened it, who may give their memory
   * back (`freeBytes`) when they have been written.
   */
  readonly open: () => Stream.Stream<Uint8Array, StoreError>
  /** All of it, when it is in memory anyway; stays as it is until the upload has ended. */
  readonly bytes?: Uint8Array
}

/** The next elements, at least one; fails with none at the end. */
export type Pull<A> = Effect.Effect<Chunk.Chunk<A>, Option.Option<StoreError>>

export type ObjectMetadata = Readonly<Record<string, string>>

export interface ListedObject {
  readonly key: string
  readonly size: number
  /** Milliseconds since the epoch. */
  readonly lastModified: number
}

export interface ObjectInfo extends ListedObject {
  /** Lower-case names. */
  readonly metadata: ObjectMetadata
}

export class ObjectStore extends Context.Tag("kafka-data-keep/ObjectStore")<ObjectStore, {
  /** What users call this store in messages: `s3://bucket` or `file:///dir`. */
  readonly name: string
  /**
   * Writes the object unless its key exists. Durable when it returns `created`; never changes an
   * existing object: `exists` (also when an earlier, unanswered try of the same request won).
   * Tries once; repeating is the caller's choice.
   */
  readonly putIfAbsent: (
    key: string,
    body: ObjectBody,
    metadata: ObjectMetadata
  ) => Effect.Effect<"created" | "exists", StoreError>
  /** Replaces the object. Only for what is meant to be replaced; never for archive files. */
  readonly put: (
    key: string,
    body: ObjectBody,
    metadata: ObjectMetadata
  ) => Effect.Effect<void, StoreError>
  /**
   * Bytes from `start` (default 0), `length` of them (default: to the end); asked for with the
   * first pull, to be read until the scope closes. Fails with none at the end, NotFound if absent.
   * Chunks belong to the reader, who may give their memory back (`freeBytes`).
   * `Stream.fromPull` makes a stream of it, which for small objects is most of the work.
   */
  readonly get: (
    key: string,
    range?: { readonly start: number; readonly length?: number }
  ) => Effect.Effect<Pull<Uint8Array>, never, Scope.Scope>
  readonly head: (key: string) => Effect.Effect<Option.Option<ObjectInfo>, StoreError>
  /** Objects whose key begins with `prefix`, in key order (UTF-8 bytes), a page per element. */
  readonly list: (
    prefix: string,
    options?: { readonly startAfter?: string }
  ) => Stream.Stream<ReadonlyArray<ListedObject>, StoreError>
  /**
   * The distinct continuations of `prefix` up to and including the next `/`, in key order, each
   * with the prefix in front. Plain keys directly under the prefix are left out.
   */
  readonly listFolders: (prefix: string) => Stream.Stream<ReadonlyArray<string>, StoreError>
  /** Removes the object; absent is fine. Only for probes, expired history and holds that are over. */
  readonly remove: (key: string) => Effect.Effect<void, StoreError>
  /**
   * Checks credentials, bucket and, when `write`, whether conditional writes are honoured (with a
   * probe object that it removes). A store that ignores them is served by HEAD before PUT from
   * then on, and a warning says so.
   */
  readonly check: (
    options: { readonly write: boolean; readonly probeKey: string }
  ) => Effect.Effect<
    void,
    StoreError
  >
}>() {}
