/** Listings of an S3 bucket, page by page, in key order. */
import type { ListObjectsV2CommandInput, S3Client } from "@aws-sdk/client-s3"
import { ListObjectsV2Command } from "@aws-sdk/client-s3"
import { Effect, Option, Stream } from "effect"
import { compareKeys } from "../src/domain/ObjectKey.ts"
import type { ListedObject } from "./ObjectStore.ts"
import { StoreError } from "./ObjectStore.ts"
import { query } from "./S3ClientLayer.ts"

interface Cursor {
  readonly token: string | undefined
  /** The last key seen, to hold the store to its order. */
  readonly last: string
}

/** Everything here relies on key order, which S3 promises but directory buckets do not keep. */
const outOfOrder = (prefix: string, last: string, key: string) =>
  new StoreError({
    reason: "Invalid",
    operation: "list",
    key: prefix,
    cause: new Error(`the store does not list in key order: ${key} after ${last}`)
  })

const pages = <A>(
  client: S3Client,
  input: ListObjectsV2CommandInput & { readonly Prefix: string },
  select: (output: {
    readonly Contents?:
      | ReadonlyArray<{
        readonly Key?: string | undefined
        readonly Size?: number | undefined
        readonly LastModified?: Date | undefined
      }>
      | undefined
    readonly CommonPrefixes?: ReadonlyArray<{ readonly Prefix?: string | undefined }> | undefined
  }) => ReadonlyArray<A>,
  keyOf: (item: A) => string
) =>
  Stream.paginateEffect<Cursor, ReadonlyArray<A>, StoreError, never>(
    { token: undefined, last: "" },
    Effect.fnUntraced(function*({ last, token }) {
      const output = yield* query("list", input.Prefix, (options) =>
        client.send(
          new ListObjectsV2Command(
            token === undefined ? input : { ...input, ContinuationToken: token }
          ),
          options
        ))
      const items = select(output)
      let previous = last
      for (const item of items) {
        const key = keyOf(item)
        if (previous !== "" && compareKeys(previous, key) >= 0) {
          return yield* outOfOrder(input.Prefix, previous, key)
        }
        previous = key
      }
      const next = output.IsTruncated === true ? output.NextContinuationToken : undefined
      return [
        items,
        next === undefined ? Option.none() : Option.some({ token: next, last: previous })
      ]
    })
  ).pipe(Stream.filter((page) => page.length > 0))

export const listObjects =
  (client: S3Client, bucket: string) =>
  (prefix: string, options?: { readonly startAfter?: string }) =>
    pages<ListedObject>(
      client,
      {
        Bucket: bucket,
        Prefix: prefix,
        ...(options?.startAfter === undefined ? {} : { StartAfter: options.startAfter })
      },
      ({ Contents = [] }) =>
        Contents.map(({ Key = "", LastModified, Size = 0 }) => (
          { key: Key, size: Size, lastModified: LastModified?.getTime() ?? 0 }
        )),
      ({ key }) => key
    )

export const listFolders = (client: S3Client, bucket: string) => (prefix: string) =>
  pages(
    client,
    { Bucket: bucket, Prefix: prefix, Delimiter: "/" },
    ({ CommonPrefixes = [] }) => CommonPrefixes.map(({ Prefix = "" }) => Prefix),
    (folder) => folder
  )
