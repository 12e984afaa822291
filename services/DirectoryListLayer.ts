/** Listings of a directory as S3 would list the same keys; memory for one directory at a time. */
import { Effect, Stream } from "effect"
import fs from "node:fs/promises"
import path from "node:path"
import { pathOfKey } from "../src/domain/FilePath.ts"
import { folderOf } from "../src/domain/ObjectKey.ts"
import { checkKey, directoryError, isHidden } from "./DirectoryErrorsLayer.ts"
import type { FoundFile, TreeEntry } from "./FileTreeLayer.ts"
import { entriesOf, unless, walk } from "./FileTreeLayer.ts"
import type { ListedObject, StoreError } from "./ObjectStore.ts"

const pageSize = 1000

const skip = ({ name }: TreeEntry, folder: string): boolean => folder === "" && isHidden(name)

const directoryOf = (root: string, folder: string): string =>
  folder === "" ? root : path.join(root, ...pathOfKey(folder.slice(0, -1)))

/** Files that vanish between finding and looking are left out. */
const details = async (found: ReadonlyArray<FoundFile>): Promise<ReadonlyArray<ListedObject>> => {
  const listed = await Promise.all(found.map(async ({ key, path }) => {
    const stats = await unless(["ENOENT"], fs.stat(path))
    return stats === undefined
      ? []
      : [{ key, size: stats.size, lastModified: Math.trunc(stats.mtimeMs) }]
  }))
  return listed.flat()
}

async function* pagesOf<A, B>(
  items: AsyncIterable<A>,
  finish: (page: ReadonlyArray<A>) => Promise<ReadonlyArray<B>>
): AsyncGenerator<ReadonlyArray<B>> {
  let page: Array<A> = []
  for await (const item of items) {
    page.push(item)
    if (page.length < pageSize) continue
    yield await finish(page)
    page = []
  }
  if (page.length > 0) yield await finish(page)
}

async function* foldersOf(root: string, prefix: string): AsyncGenerator<string> {
  const folder = folderOf(prefix)
  for (const entry of await entriesOf(directoryOf(root, folder))) {
    const name = folder + entry.name
    if (!entry.directory || !name.startsWith(prefix) || skip(entry, folder)) continue
    const inside = walk({ directory: entry.path, folder: name, prefix: name, startAfter: "", skip })
    const first = await inside.next()
    await inside.return(undefined)
    if (first.done !== true) yield name
  }
}

const streamOf = <A>(
  prefix: string,
  open: () => AsyncIterable<ReadonlyArray<A>>
): Stream.Stream<ReadonlyArray<A>, StoreError> => {
  const folder = folderOf(prefix)
  const checked = folder === "" ? Effect.void : checkKey("list", folder.slice(0, -1))
  return Stream.unwrap(
    Effect.map(
      checked,
      () => Stream.suspend(() => Stream.fromAsyncIterable(open(), directoryError("list", prefix)))
    )
  ).pipe(
    Stream.filter((page) => page.length > 0)
  )
}

export const listFiles =
  (root: string) => (prefix: string, options?: { readonly startAfter?: string }) =>
    streamOf(prefix, () => {
      const folder = folderOf(prefix)
      const startAfter = options?.startAfter ?? ""
      return pagesOf(
        walk({ directory: directoryOf(root, folder), folder, prefix, startAfter, skip }),
        details
      )
    })

export const listFileFolders = (root: string) => (prefix: string) =>
  streamOf(prefix, () => pagesOf(foldersOf(root, prefix), (page) => Promise.resolve(page)))
