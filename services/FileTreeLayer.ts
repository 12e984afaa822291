/** What both users of the file system share: durable directories, walks in key order, reading. */
import { Effect, Option, Stream } from "effect"
import type { Dirent } from "node:fs"
import fs from "node:fs/promises"
import path from "node:path"
import { continued } from "../src/domain/FilePath.ts"
import { compareKeys } from "../src/domain/ObjectKey.ts"

/** `ENOENT` and so on; empty for other errors. */
export const errorCode = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : ""

/** Waits for `done`, but takes a refusal with one of these codes for an answer. */
export const unless = <A>(codes: ReadonlyArray<string>, done: Promise<A>): Promise<A | undefined> =>
  done.catch((cause: unknown) => {
    if (codes.includes(errorCode(cause))) return undefined
    throw cause
  })

/** Makes the entries of a directory durable, where the file system has a way to. */
export const syncDirectory = async (directory: string): Promise<void> => {
  const handle = await fs.open(directory, "r")
  try {
    await unless(["EINVAL", "EPERM", "ENOTSUP"], handle.sync())
  } finally {
    await handle.close()
  }
}

/**
 * A directory can vanish with the last file in it just before something is made in it, and again
 * for as many others as are at work there.
 */
export const makingTries = 100

/**
 * Creates the directory and what is missing above it; returns those that it created, outermost
 * first. Node's own recursive mkdir never returns where a new name is refused with ENOENT, as
 * in /proc, and fails with ENOTDIR when what it found vanishes.
 */
export const makeAll = async (directory: string): Promise<ReadonlyArray<string>> => {
  const above = path.dirname(directory)
  const made: Array<string> = []
  for (let tries = 1;; tries++) {
    try {
      await fs.mkdir(directory)
      return [...made, directory]
    } catch (cause) {
      const code = errorCode(cause)
      const found = await fs.stat(directory).catch(() => undefined)
      if (found?.isDirectory() === true) return made
      const vanished = code === "EEXIST" && found === undefined
      if ((code !== "ENOENT" && !vanished) || above === directory || tries === makingTries) {
        throw cause
      }
      if (!vanished) made.push(...await makeAll(above))
    }
  }
}

/** Creates the directory and what is missing above it, durably. */
export const makeDirectory = async (directory: string): Promise<void> => {
  for (const made of await makeAll(directory)) await syncDirectory(path.dirname(made))
}

/** Removes the directory and those above it, below `root`, as far as they are empty. */
export const pruneDirectories = async (directory: string, root: string): Promise<void> => {
  const above = root.endsWith(path.sep) ? root : `${root}${path.sep}`
  for (let at = directory; at.startsWith(above); at = path.dirname(at)) {
    try {
      await fs.rmdir(at)
    } catch (cause) {
      if (errorCode(cause) !== "ENOENT") return
    }
  }
}

export interface TreeEntry {
  /** Part of a key; ends with a slash when it is a directory. */
  readonly name: string
  readonly path: string
  readonly directory: boolean
}

/** Links are followed. */
const kindOf = async (entry: Dirent, at: string): Promise<"file" | "directory" | undefined> => {
  const found = entry.isSymbolicLink() ? await unless(["ENOENT"], fs.stat(at)) : entry
  return found?.isDirectory() ? "directory" : found?.isFile() ? "file" : undefined
}

/** A directory's entries in key order; none if it is not there. */
export const entriesOf = async (
  directory: string,
  before = ""
): Promise<ReadonlyArray<TreeEntry>> => {
  const entries: Array<TreeEntry> = []
  const found = await unless(["ENOENT", "ENOTDIR"], fs.readdir(directory, { withFileTypes: true }))
  for (const entry of found ?? []) {
    const at = path.join(directory, entry.name)
    const kind = await kindOf(entry, at)
    const start = kind === "directory" ? continued(entry.name) : undefined
    if (start !== undefined) entries.push(...await entriesOf(at, before + start))
    else if (kind === "file") {
      entries.push({ name: before + entry.name, path: at, directory: false })
    } else if (kind === "directory") {
      entries.push({ name: `${before}${entry.name}/`, path: at, directory: true })
    }
  }
  return entries.sort((left, right) => compareKeys(left.name, right.name))
}

export interface FoundFile {
  readonly key: string
  readonly path: string
}

export interface Walk {
  readonly directory: string
  /** The part of a key that stands for the directory; ends with a slash unless it is empty. */
  readonly folder: string
  readonly prefix: string
  readonly startAfter: string
  readonly skip: (entry: TreeEntry, folder: string) => boolean
  /** Told of directories that cannot be read; absent: they are failures. */
  readonly unreadable?: (directory: string, cause: unknown) => void
}

/** Files whose key begins with `prefix` and is behind `startAfter`, in key order. */
export async function* walk(options: Walk): AsyncGenerator<FoundFile> {
  const { directory, folder, prefix, skip, startAfter, unreadable } = options
  const entries = await entriesOf(directory).catch((cause: unknown) => {
    if (unreadable === undefined) throw cause
    unreadable(directory, cause)
    return []
  })
  for (const entry of entries) {
    if (skip(entry, folder)) continue
    const key = folder + entry.name
    if (!entry.directory) {
      if (key.startsWith(prefix) && compareKeys(key, startAfter) > 0) {
        yield { key, path: entry.path }
      }
      continue
    }
    const wanted = key.startsWith(prefix) || prefix.startsWith(key)
    const behind = startAfter.startsWith(key) || compareKeys(key, startAfter) > 0
    if (wanted && behind) yield* walk({ ...options, directory: entry.path, folder: key })
  }
}

const readSize = 256 * 1024

/** A file's bytes from `start` to before `end`, or to its end; the file must stay as it is. */
export const readBytes = <E>(
  file: string,
  mapError: (cause: unknown) => E,
  range: { readonly start?: number; readonly end?: number } = {}
): Stream.Stream<Uint8Array, E> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const attempt = <A>(f: () => Promise<A>) => Effect.tryPromise({ try: f, catch: mapError })
    const handle = yield* Effect.acquireRelease(
      attempt(() => fs.open(file, "r")),
      (open) => Effect.promise(() => open.close())
    )
    const { start = 0 } = range
    const end = range.end ?? (yield* attempt(() => handle.stat())).size
    let position = start
    return Stream.repeatEffectOption(Effect.suspend(() => {
      const length = Math.min(readSize, end - position)
      if (length <= 0) return Effect.fail(Option.none())
      const buffer = Buffer.allocUnsafeSlow(length)
      return attempt(() => handle.read(buffer, 0, length, position)).pipe(
        Effect.mapError(Option.some),
        Effect.flatMap(({ bytesRead }) => {
          position += bytesRead
          return bytesRead === 0
            ? Effect.fail(Option.none())
            : Effect.succeed(buffer.subarray(0, bytesRead))
        })
      )
    }))
  }))
