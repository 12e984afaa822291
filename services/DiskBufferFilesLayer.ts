/** The open files of the disk buffer: a descriptor and a length in memory for each. */
import { Effect } from "effect"
import type { FileHandle } from "node:fs/promises"
import fs from "node:fs/promises"
import path from "node:path"
import { BufferError } from "./DiskBuffer.ts"
import type { Layout } from "./DiskBufferErrorsLayer.ts"
import { bufferError, pathBelow } from "./DiskBufferErrorsLayer.ts"
import { errorCode, makeAll, makingTries, syncDirectory } from "./FileTreeLayer.ts"

interface OpenFile {
  readonly handle: FileHandle
  size: number
}

/** Operations on one file take turns and run to their end, whoever is interrupted. */
interface Entry {
  readonly path: string
  readonly turn: Effect.Semaphore
  /** Operations under way or waiting for their turn. */
  users: number
  file: OpenFile | undefined
}

const openEntry = async (entry: Entry): Promise<OpenFile> => {
  if (entry.file !== undefined) return entry.file
  const handle = await fs.open(entry.path, "r+")
  const { size } = await handle.stat()
  return entry.file = { handle, size }
}

const closeEntry = async (entry: Entry): Promise<void> => {
  const { file } = entry
  entry.file = undefined
  await file?.handle.close()
}

/** The directory can vanish with its last other file just before this one appears in it. */
const openNew = async (file: string): Promise<FileHandle> => {
  for (let attempts = 1;; attempts++) {
    try {
      return await fs.open(file, "wx+")
    } catch (cause) {
      if (errorCode(cause) !== "ENOENT" || attempts === makingTries) throw cause
      await makeAll(path.dirname(file))
    }
  }
}

const full = (file: string, written: number, length: number) =>
  new BufferError({
    reason: "Full",
    operation: "append",
    path: file,
    cause: new Error(`only ${written} of ${length} bytes were written`)
  })

/** Bytes behind `size` never count: what a failed write left there is cut off, or overwritten. */
const writeAt = async (
  entry: Entry,
  { handle, size }: OpenFile,
  chunks: ReadonlyArray<Uint8Array>
): Promise<number> => {
  const length = chunks.reduce((sum, { byteLength }) => sum + byteLength, 0)
  if (length === 0) return size
  try {
    const { bytesWritten } = await handle.writev([...chunks], size)
    if (bytesWritten !== length) throw full(entry.path, bytesWritten, length)
    return size + length
  } catch (cause) {
    await handle.truncate(size).catch(() => undefined)
    throw cause
  }
}

const outside = (operation: string, { path }: Entry, size: number) =>
  new BufferError({
    reason: "Failed",
    operation,
    path,
    cause: new Error(`not inside the file, which has ${size} bytes`)
  })

const operations = {
  create: async (entry: Entry, bytes: Uint8Array): Promise<void> => {
    const handle = await openNew(entry.path)
    try {
      const file = { handle, size: 0 }
      entry.file = { handle, size: await writeAt(entry, file, [bytes]) }
    } catch (cause) {
      await handle.close()
      await fs.rm(entry.path, { force: true })
      throw cause
    }
  },
  append: async (entry: Entry, chunks: ReadonlyArray<Uint8Array>): Promise<void> => {
    const file = await openEntry(entry)
    file.size = await writeAt(entry, file, chunks)
  },
  patch: async (entry: Entry, position: number, bytes: Uint8Array): Promise<void> => {
    const { handle, size } = await openEntry(entry)
    if (position < 0 || position + bytes.byteLength > size) throw outside("patch", entry, size)
    const { bytesWritten } = await handle.write(bytes, 0, bytes.byteLength, position)
    if (bytesWritten !== bytes.byteLength) throw full(entry.path, bytesWritten, bytes.byteLength)
  },
  truncate: async (entry: Entry, size: number): Promise<void> => {
    const file = await openEntry(entry)
    if (size < 0 || size > file.size) throw outside("truncate", entry, file.size)
    await file.handle.truncate(size)
    file.size = size
  },
  content: async (entry: Entry): Promise<Uint8Array> => {
    const { handle, size } = await openEntry(entry)
    const bytes = Buffer.allocUnsafeSlow(size)
    const { bytesRead } = await handle.read(bytes, 0, size, 0)
    if (bytesRead !== size) throw new Error(`only ${bytesRead} of ${size} bytes were read`)
    await closeEntry(entry)
    return bytes
  },
  sync: async (entry: Entry, root: string, lasting: Set<string>): Promise<void> => {
    const { handle } = await openEntry(entry)
    await handle.sync()
    if (!lasting.has(entry.path)) {
      for (let at = path.dirname(entry.path);; at = path.dirname(at)) {
        await syncDirectory(at)
        if (at === root || at === path.dirname(at)) break
      }
      lasting.add(entry.path)
    }
    await closeEntry(entry)
  }
}

/** The files below the layout's buffer directory; all are closed with the scope. */
export const openFiles = ({ buffer }: Layout) =>
  Effect.gen(function*() {
    const entries = yield* Effect.acquireRelease(
      Effect.sync(() => new Map<string, Entry>()),
      (open) => Effect.promise(() => Promise.allSettled([...open.values()].map(closeEntry)))
    )
    /** Paths that the disk knows: to sync them again, nothing above the file needs to be. */
    const lasting = new Set<string>()
    const entryOf = (operation: string, name: string): Effect.Effect<Entry, BufferError> => {
      const known = entries.get(name)
      if (known !== undefined) return Effect.succeed(known)
      return Effect.map(pathBelow(buffer, operation, name), (path) => {
        const entry = { path, turn: Effect.unsafeMakeSemaphore(1), users: 0, file: undefined }
        entries.set(name, entry)
        return entry
      })
    }
    const leave = (name: string, entry: Entry) =>
      Effect.sync(() => {
        entry.users--
        if (entry.users === 0 && entry.file === undefined) entries.delete(name)
      })
    const use = <A>(operation: string, name: string, f: (entry: Entry) => Promise<A>) =>
      Effect.uninterruptible(Effect.flatMap(entryOf(operation, name), (entry) => {
        entry.users++
        return entry.turn.withPermits(1)(
          Effect.tryPromise({ try: () => f(entry), catch: bufferError(operation, name) })
        ).pipe(Effect.ensuring(leave(name, entry)))
      }))
    return {
      create: (name: string, bytes: Uint8Array) =>
        use("create", name, (entry) => operations.create(entry, bytes)).pipe(
          Effect.catchIf((error) => errorCode(error.cause) === "EEXIST", ({ cause, path }) =>
            Effect.fail(new BufferError({ reason: "InUse", operation: "create", path, cause })))
        ),
      append: (name: string, chunks: ReadonlyArray<Uint8Array>) =>
        use("append", name, (entry) =>
          operations.append(entry, chunks)),
      patch: (name: string, position: number, bytes: Uint8Array) =>
        use("patch", name, (entry) =>
          operations.patch(entry, position, bytes)),
      truncate: (name: string, size: number) =>
        use("truncate", name, (entry) => operations.truncate(entry, size)),
      content: (name: string) => use("read", name, operations.content),
      sync: (name: string) => use("sync", name, (entry) => operations.sync(entry, buffer, lasting)),
      release: (name: string) => use("release", name, closeEntry),
      /** Closes the file, then does this with its path while nobody else opens it. */
      closed: <A>(operation: string, name: string, f: (path: string) => Promise<A>) =>
        use(operation, name, async (entry) => {
          await closeEntry(entry)
          lasting.delete(entry.path)
          return f(entry.path)
        }),
      /** The length that counts, `undefined` when the file is not open. */
      sizeOf: (name: string): number | undefined => entries.get(name)?.file?.size
    }
  })
