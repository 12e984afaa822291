/** What lies in the archive. */
import { GetObjectCommand, paginateListObjectsV2 } from "@aws-sdk/client-s3"
import { Effect } from "effect"
import type { S3Address } from "../stack/S3Gateway.ts"
import { s3Client } from "../stack/S3Gateway.ts"
import { StackError } from "../stack/StackError.ts"

export interface ArchiveFile {
  readonly key: string
  /** Bytes. */
  readonly size: number
}

/** Every archive file below the prefix. */
export const archiveFiles = (
  address: S3Address,
  prefix: string
): Effect.Effect<ReadonlyArray<ArchiveFile>, StackError> =>
  Effect.tryPromise({
    try: async () => {
      const client = s3Client(address)
      const request = { Bucket: address.bucket, Prefix: `${prefix}/` }
      const files: Array<ArchiveFile> = []
      for await (const { Contents = [] } of paginateListObjectsV2({ client }, request)) {
        files.push(...Contents.map(({ Key = "", Size = 0 }) => ({ key: Key, size: Size })))
      }
      client.destroy()
      return files
    },
    catch: (cause) => new StackError({ step: "list the archive", cause })
  })

/** The whole of a file. */
export const archiveFile = (
  address: S3Address,
  key: string
): Effect.Effect<Buffer, StackError> =>
  Effect.tryPromise({
    try: async () => {
      const client = s3Client(address)
      const { Body } = await client.send(
        new GetObjectCommand({ Bucket: address.bucket, Key: key })
      )
      const bytes = Buffer.from(await Body?.transformToByteArray() ?? [])
      client.destroy()
      return bytes
    },
    catch: (cause) => new StackError({ step: `read ${key}`, cause })
  })
