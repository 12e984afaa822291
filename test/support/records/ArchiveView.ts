/** What lies in an archive, seen by avsc and by plain tools of the store, not by our own reader. */
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand
} from "@aws-sdk/client-s3"
import avsc from "avsc"
import { Effect, Predicate } from "effect"
import { Buffer } from "node:buffer"
import fs from "node:fs/promises"
import path from "node:path"
import { s3Client } from "../../../dev/stack/S3Gateway.ts"
import { StackAddresses } from "../../../dev/stack/Stack.ts"

export interface StoredFile {
  readonly key: string
  readonly bytes: Buffer
  /** When it was written last: milliseconds since the epoch. */
  readonly modifiedMs: number
  /** Of the object; nothing for a directory. */
  readonly metadata: Readonly<Record<string, string>>
}

/** Every object whose key begins with `prefix`, in key order. */
export const bucketFiles = (prefix: string) =>
  Effect.flatMap(
    StackAddresses,
    ({ s3 }) =>
      Effect.promise(async (): Promise<ReadonlyArray<StoredFile>> => {
        const client = s3Client(s3)
        const Bucket = s3.bucket
        const { Contents = [], IsTruncated } = await client.send(
          new ListObjectsV2Command({ Bucket, Prefix: prefix })
        )
        if (IsTruncated === true) throw new Error(`too many objects under ${prefix}`)
        const files = await Promise.all(Contents.map(async ({ Key = "", LastModified }) => {
          const { Metadata = {} } = await client.send(new HeadObjectCommand({ Bucket, Key }))
          // Last: a body that is not read keeps its connection, of which there are fewer.
          const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }))
          return {
            key: Key,
            bytes: Buffer.from(await Body?.transformToByteArray() ?? []),
            modifiedMs: LastModified?.getTime() ?? NaN,
            metadata: Metadata
          }
        }))
        client.destroy()
        return files
      })
  )

/** Every archive file in the bucket whose key begins with `prefix`, in key order. */
export const archiveFiles = (prefix: string) =>
  Effect.map(bucketFiles(prefix), (files) => files.filter(({ key }) => key.endsWith(".avro")))

/** Puts objects into the bucket as they are. */
export const putIntoBucket = (objects: ReadonlyArray<Pick<StoredFile, "key" | "bytes">>) =>
  Effect.flatMap(StackAddresses, ({ s3 }) =>
    Effect.promise(async () => {
      const client = s3Client(s3)
      for (const { bytes, key } of objects) {
        await client.send(new PutObjectCommand({ Bucket: s3.bucket, Key: key, Body: bytes }))
      }
      client.destroy()
    }))

/** Writes objects as files with these names. */
export const putIntoDirectory = (
  directory: string,
  objects: ReadonlyArray<Pick<StoredFile, "key" | "bytes">>
) =>
  Effect.promise(async () => {
    for (const { bytes, key } of objects) {
      const file = path.join(directory, key)
      await fs.mkdir(path.dirname(file), { recursive: true })
      await fs.writeFile(file, bytes)
    }
  })

/** Every archive file in a directory, in key order. */
export const directoryFiles = (directory: string) =>
  Effect.promise(async (): Promise<ReadonlyArray<StoredFile>> => {
    const entries = await fs.readdir(directory, { recursive: true, withFileTypes: true })
    const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith(".avro"))
    const found = await Promise.all(files.map(async (entry) => {
      const file = path.join(entry.parentPath, entry.name)
      const { mtimeMs } = await fs.stat(file)
      const key = path.relative(directory, file)
      return { key, bytes: await fs.readFile(file), modifiedMs: mtimeMs, metadata: {} }
    }))
    return found.sort((one, other) => one.key < other.key ? -1 : 1)
  })

/** The same files, byte for byte, written when they were. */
export const identity = (files: ReadonlyArray<StoredFile>) =>
  files.map(({ bytes, key, modifiedMs }) => [key, modifiedMs, bytes.toString("base64")])

export interface ContainerMetadata {
  readonly schema: string
  readonly codec: string
  /** Every entry of the container's metadata as text. */
  readonly entries: ReadonlyMap<string, string>
}

/** The head of a container, read by avsc. */
export const containerMetadata = (bytes: Buffer): Promise<ContainerMetadata> =>
  new Promise((resolve, reject) => {
    const decoder = new avsc.streams.BlockDecoder({
      codecs: { zstandard: (data, done) => done(null, data) }
    })
    decoder.on("metadata", (_type: unknown, codec: unknown, header: unknown) => {
      if (!Predicate.hasProperty(header, "meta") || !Predicate.isRecord(header.meta)) {
        return reject(new Error("a header without metadata"))
      }
      const entries = Object.entries(header.meta).map(([name, value]) =>
        [name, Buffer.isBuffer(value) ? value.toString() : ""] as const
      )
      const all = new Map(entries)
      resolve({ schema: all.get("avro.schema") ?? "", codec: String(codec), entries: all })
    })
    decoder.on("error", reject)
    decoder.on("data", () => undefined)
    decoder.end(bytes)
  })

const factPrefix = "kafka-data-keep."

/** The facts of a container as docs/FORMAT.md names them: numbers in plain decimal, text trimmed. */
export const containerFacts = ({ entries }: ContainerMetadata): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...entries]
      .filter(([name]) => name.startsWith(factPrefix))
      .map(([name, value]) => [name.slice(factPrefix.length), plain(value)])
  )

const plain = (value: string): string =>
  /^-?\d+$/.test(value) ? String(BigInt(value)) : value.trimEnd()
