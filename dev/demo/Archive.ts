/** What is in the archive, seen with plain tools: a directory walk or an S3 listing. */
import { ListObjectsV2Command } from "@aws-sdk/client-s3"
import { Effect } from "effect"
import fs from "node:fs/promises"
import path from "node:path"
import type { S3Address } from "../stack/S3Gateway.ts"
import { s3Client } from "../stack/S3Gateway.ts"
import { StackError } from "../stack/StackError.ts"

export interface ArchiveFile {
  readonly key: string
  /** Bytes. */
  readonly size: number
}

const failed = (cause: unknown) => new StackError({ step: "list the archive", cause })

export const listDirectory = (
  directory: string
): Effect.Effect<ReadonlyArray<ArchiveFile>, StackError> =>
  Effect.tryPromise({
    try: async () => {
      const entries = await fs.readdir(directory, { recursive: true, withFileTypes: true })
      const files = entries.filter((entry) => entry.isFile()).map(async (entry) => {
        const file = path.join(entry.parentPath, entry.name)
        return { key: path.relative(directory, file), size: (await fs.stat(file)).size }
      })
      return (await Promise.all(files)).sort((a, b) => a.key < b.key ? -1 : 1)
    },
    catch: failed
  })

export const listBucket = (
  address: S3Address
): Effect.Effect<ReadonlyArray<ArchiveFile>, StackError> =>
  Effect.tryPromise({
    try: async () => {
      const client = s3Client(address)
      const { Contents = [] } = await client.send(
        new ListObjectsV2Command({ Bucket: address.bucket })
      )
      client.destroy()
      return Contents.map(({ Key = "", Size = 0 }) => ({ key: Key, size: Size }))
    },
    catch: failed
  })
