/**
 * Metadata of objects in a directory: one small JSON file each, in a tree beside the objects that no
 * listing shows. It is written after its object, so it can be missing, but is never another's.
 */
import { Effect, Option, Schema } from "effect"
import { randomUUID } from "node:crypto"
import fs from "node:fs/promises"
import path from "node:path"
import { pathOfKey } from "../src/domain/FilePath.ts"
import { makeDirectory, pruneDirectories } from "./FileTreeLayer.ts"

const Sidecar = Schema.parseJson(Schema.Struct({
  size: Schema.Number,
  /** Absent when the object can be replaced: then it need not belong to these bytes. */
  crc32c: Schema.optional(Schema.Number),
  metadata: Schema.Record({ key: Schema.String, value: Schema.String })
}))

export type Sidecar = typeof Sidecar.Type

const decode = Schema.decodeUnknownOption(Sidecar)
const encode = Schema.encodeSync(Sidecar)

const treeOf = (root: string): string => path.join(root, ".kafka-data-keep.meta")

const fileOf = (root: string, key: string): string =>
  path.join(treeOf(root), ...pathOfKey(`${key}.json`))

/** Nothing when there is none, or it cannot be read, or it is not of an object of this size. */
export const readSidecar = (root: string, key: string, size: number) =>
  Effect.promise(() => fs.readFile(fileOf(root, key), "utf8").catch(() => "")).pipe(
    Effect.map((text) => Option.filter(decode(text), (sidecar) => sidecar.size === size))
  )

/** An object without its metadata is whole, so that this fails is only worth a warning. */
export const writeSidecar = (root: string, key: string, sidecar: Sidecar) =>
  Effect.tryPromise(async () => {
    const file = fileOf(root, key)
    const part = path.join(path.dirname(file), `${randomUUID()}.part`)
    await makeDirectory(path.dirname(file))
    await fs.writeFile(part, encode(sidecar))
    await fs.rename(part, file)
  }).pipe(
    Effect.catchAll(({ error }) =>
      Effect.logWarning("metadata not written").pipe(
        Effect.annotateLogs({ key, error: String(error) })
      )
    )
  )

export const removeSidecar = async (root: string, key: string): Promise<void> => {
  const file = fileOf(root, key)
  await fs.rm(file, { force: true })
  await pruneDirectories(path.dirname(file), treeOf(root))
}
