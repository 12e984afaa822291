/** The object store in a directory: keys are paths below it. */
import { Effect, Layer, Option, Ref, Stream } from "effect"
import fs from "node:fs/promises"
import path from "node:path"
import { crc32c } from "../src/codec/Crc32c.ts"
import { pathOfKey } from "../src/domain/FilePath.ts"
import { attempt, checkKey, directoryError } from "./DirectoryErrorsLayer.ts"
import { listFileFolders, listFiles } from "./DirectoryListLayer.ts"
import { readSidecar, removeSidecar } from "./DirectoryMetadataLayer.ts"
import { partsOf, putFile, putFileIfAbsent } from "./DirectoryPutLayer.ts"
import { makeDirectory, pruneDirectories, readBytes, unless } from "./FileTreeLayer.ts"
import type { ObjectInfo } from "./ObjectStore.ts"
import { ObjectStore, StoreError } from "./ObjectStore.ts"

export interface DirectorySettings {
  /** Absolute. Created by `check` when it is to be written. */
  readonly directory: string
}

interface Range {
  readonly start: number
  readonly length?: number
}

const storeError = (
  reason: StoreError["reason"],
  operation: string,
  key: string,
  message: string
) => new StoreError({ reason, operation, key, cause: new Error(message) })

const statOf = (root: string, operation: string, key: string) =>
  Effect.zipRight(
    checkKey(operation, key),
    attempt(operation, key, async () => {
      const stats = await unless(["ENOENT", "ENOTDIR"], fs.stat(path.join(root, ...pathOfKey(key))))
      return stats?.isFile() ? stats : undefined
    })
  )

const head = (root: string) =>
  Effect.fnUntraced(function*(key: string) {
    const stats = yield* statOf(root, "head", key)
    if (stats === undefined) return Option.none<ObjectInfo>()
    const sidecar = yield* readSidecar(root, key, stats.size)
    const metadata = Option.match(sidecar, {
      onNone: () => ({}),
      onSome: (found) => found.metadata
    })
    return Option.some<ObjectInfo>({
      key,
      size: stats.size,
      lastModified: Math.trunc(stats.mtimeMs),
      metadata
    })
  })

/** Fails at the end when the bytes are not as many as there were, or not those that were put. */
const verified = (
  key: string,
  bytes: Stream.Stream<Uint8Array, StoreError>,
  size: number,
  checksum: number | undefined
) =>
  Stream.suspend(() => {
    let count = 0
    let sum = 0
    const end = Effect.suspend(() => {
      if (count !== size) {
        return Effect.fail(storeError("Failed", "get", key, `read ${count} of ${size} bytes`))
      }
      return checksum === undefined || checksum === sum ? Effect.void : Effect.fail(
        storeError("ChecksumMismatch", "get", key, "the bytes are not those that were stored")
      )
    })
    const counted = Stream.map(bytes, (chunk) => {
      count += chunk.byteLength
      if (checksum !== undefined) sum = crc32c(chunk, sum)
      return chunk
    })
    return Stream.concat(counted, Stream.drain(Stream.fromEffect(end)))
  })

const get = (root: string) => (key: string, range?: Range) =>
  Stream.unwrap(Effect.gen(function*() {
    const stats = yield* statOf(root, "get", key)
    if (stats === undefined) return Stream.fail(storeError("NotFound", "get", key, "no such file"))
    const start = Math.min(range?.start ?? 0, stats.size)
    const end = Math.min(stats.size, start + (range?.length ?? stats.size))
    const bytes = readBytes(path.join(root, ...pathOfKey(key)), directoryError("get", key), {
      start,
      end
    })
    const whole = start === 0 && end === stats.size
    const sidecar = whole ? yield* readSidecar(root, key, stats.size) : Option.none()
    const checksum = Option.getOrUndefined(sidecar)?.crc32c
    return verified(key, bytes, end - start, checksum)
  }))

const remove = (root: string) => (key: string) =>
  Effect.zipRight(
    checkKey("remove", key),
    attempt("remove", key, async () => {
      const file = path.join(root, ...pathOfKey(key))
      await removeSidecar(root, key)
      await unless(["ENOENT", "ENOTDIR"], fs.unlink(file))
      await pruneDirectories(path.dirname(file), root)
    })
  )

const dayMs = 24 * 60 * 60 * 1000

/** Files half written by a process that is gone. */
const removeOldParts = async (root: string): Promise<void> => {
  for (const name of await unless(["ENOENT"], fs.readdir(partsOf(root))) ?? []) {
    const file = path.join(partsOf(root), name)
    const stats = await unless(["ENOENT"], fs.stat(file))
    if (stats !== undefined && stats.mtimeMs < Date.now() - dayMs) {
      await fs.rm(file, { force: true })
    }
  }
}

const check = (root: string) => ({ write }: { readonly write: boolean }) =>
  attempt("check", root, async () => {
    if (write) await unless(["EEXIST"], makeDirectory(root))
    const stats = await unless(["ENOENT"], fs.stat(root))
    if (stats === undefined) throw storeError("NoSuchBucket", "check", root, "no such directory")
    if (!stats.isDirectory()) throw storeError("NoSuchBucket", "check", root, "not a directory")
    await fs.access(root, fs.constants.R_OK | fs.constants.X_OK | (write ? fs.constants.W_OK : 0))
    if (write) await removeOldParts(root)
  })

const make = Effect.fnUntraced(function*({ directory }: DirectorySettings) {
  const root = path.resolve(directory)
  const target = { root, withoutLinks: yield* Ref.make(false) }
  return ObjectStore.of({
    name: `file://${root}`,
    putIfAbsent: putFileIfAbsent(target),
    put: putFile(target),
    get: (key, range) => Stream.toPull(get(root)(key, range)),
    head: head(root),
    list: listFiles(root),
    listFolders: listFileFolders(root),
    remove: remove(root),
    check: check(root)
  })
})

export const DirectoryStoreLayer = (settings: DirectorySettings) =>
  Layer.effect(ObjectStore, make(settings))
