/** The disk buffer on a local directory. */
import { Effect, Layer, Stream } from "effect"
import fs from "node:fs/promises"
import path from "node:path"
import { crc32c } from "../src/codec/Crc32c.ts"
import { freeBytes } from "../src/codec/FreeBytes.ts"
import type { BufferedFile } from "./DiskBuffer.ts"
import { BufferError, DiskBuffer } from "./DiskBuffer.ts"
import type { Layout } from "./DiskBufferErrorsLayer.ts"
import { attempt, bufferError, layout, pathBelow } from "./DiskBufferErrorsLayer.ts"
import { openFiles } from "./DiskBufferFilesLayer.ts"
import { lockWorkingDir } from "./DiskBufferLockLayer.ts"
import {
  errorCode,
  makeDirectory,
  pruneDirectories,
  readBytes,
  unless,
  walk
} from "./FileTreeLayer.ts"

export interface DiskBufferSettings {
  readonly workingDir: string
  /** Where files of the original may be; absent: in the working directory. */
  readonly leftoversIn?: string
}

interface Tree {
  readonly directory: string
  readonly wanted: (name: string) => boolean
  readonly skip: (topName: string) => boolean
}

/** Directories that cannot be read are left out, with a warning: a volume's `lost+found` is one. */
const filesBelow = ({ directory, skip, wanted }: Tree) =>
  Effect.gen(function*() {
    const unreadable: Array<string> = []
    const files = yield* attempt("list", directory, async () => {
      const files: Array<BufferedFile> = []
      const found = walk({
        directory,
        folder: "",
        prefix: "",
        startAfter: "",
        skip: (entry, folder) => folder === "" && skip(entry.name),
        unreadable: (path, cause) => {
          if (path === directory || errorCode(cause) !== "EACCES") throw cause
          unreadable.push(path)
        }
      })
      for await (const { key, path } of found) {
        const stats = wanted(key) ? await unless(["ENOENT"], fs.stat(path)) : undefined
        if (!stats) continue
        const modified = Math.trunc(stats.mtimeMs)
        const birth = Math.trunc(stats.birthtimeMs)
        const created = birth > 0 ? Math.min(birth, modified) : modified
        files.push({ name: key, size: stats.size, modified, created })
      }
      return files
    })
    for (const directory of unreadable) {
      yield* Effect.logWarning("directory cannot be read").pipe(Effect.annotateLogs({ directory }))
    }
    return files
  })

/** Reserves the first free name of `<name>`, `<name>.1`, … by an empty file, then renames over it. */
const moveAside = async (from: string, to: string): Promise<string> => {
  await fs.access(from)
  await fs.mkdir(path.dirname(to), { recursive: true })
  for (let copy = 0;; copy++) {
    const target = copy === 0 ? to : `${to}.${copy}`
    const reserved = await unless(["EEXIST"], fs.open(target, "wx"))
    if (reserved === undefined) continue
    await reserved.close()
    await fs.rename(from, target)
    return target
  }
}

const unlinkAndPrune = async (file: string, root: string): Promise<void> => {
  await unless(["ENOENT", "ENOTDIR"], fs.unlink(file))
  await pruneDirectories(path.dirname(file), root)
}

/** Errors of the working directory itself name it and say what it is. */
const openWorkingDir = ({ buffer, workingDir }: Layout) =>
  attempt("open", workingDir, () => makeDirectory(buffer)).pipe(
    Effect.mapError((error) =>
      errorCode(error.cause) === "EEXIST"
        ? new BufferError({
          reason: "NotADirectory",
          operation: "open",
          path: workingDir,
          cause: new Error("a file is in the place of the directory")
        })
        : error
    )
  )

const make = Effect.fnUntraced(function*(settings: DiskBufferSettings) {
  const places = layout(path.resolve(settings.workingDir))
  const { buffer, setAside, workingDir } = places
  const former = settings.leftoversIn === undefined
    ? workingDir
    : path.resolve(settings.leftoversIn)
  yield* openWorkingDir(places)
  yield* lockWorkingDir(places)
  const files = yield* openFiles(places)

  const read = (name: string) =>
    Stream.unwrap(Effect.map(pathBelow(buffer, "read", name), (file) => {
      const end = files.sizeOf(name)
      return readBytes(file, bufferError("read", name), end === undefined ? {} : { end })
    }))
  const leftover = (operation: string, name: string) =>
    pathBelow(former, operation, name, (plain) => plain.split("/"))

  return DiskBuffer.of({
    list: filesBelow({ directory: buffer, wanted: () => true, skip: () => false }),
    leftovers: filesBelow({
      directory: former,
      wanted: (name) => name.endsWith(".avro"),
      skip: (name) => name === ".kafka-data-keep/"
    }),
    create: files.create,
    append: files.append,
    patch: files.patch,
    truncate: files.truncate,
    release: files.release,
    sync: files.sync,
    read,
    content: files.content,
    readLeftover: (name) =>
      Stream.unwrap(
        Effect.map(leftover("readLeftover", name), (file) =>
          readBytes(file, bufferError("readLeftover", name)))
      ),
    checksum: (name) =>
      Stream.runFold(read(name), 0, (sum, bytes) => {
        const next = crc32c(bytes, sum)
        freeBytes(bytes)
        return next
      }),
    remove: (name) => files.closed("remove", name, (file) => unlinkAndPrune(file, buffer)),
    removeLeftover: (name) =>
      Effect.flatMap(
        leftover("removeLeftover", name),
        (file) => attempt("removeLeftover", name, () => unlinkAndPrune(file, former))
      ),
    setAside: (name) =>
      Effect.flatMap(
        pathBelow(setAside, "setAside", name),
        (target) =>
          files.closed("setAside", name, async (file) => {
            const moved = await moveAside(file, target)
            await pruneDirectories(path.dirname(file), buffer)
            return moved
          })
      )
  })
})

/** Holds the working directory's lock until its scope closes. */
export const DiskBufferLayer = (settings: DiskBufferSettings) =>
  Layer.scoped(DiskBuffer, make(settings))
