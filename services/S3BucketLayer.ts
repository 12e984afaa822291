/** The object store's operations on one S3 bucket. */
import type { S3Client } from "@aws-sdk/client-s3"
import { DeleteObjectCommand, HeadObjectCommand } from "@aws-sdk/client-s3"
import { Effect, Layer, Option, Ref } from "effect"
import type { ObjectInfo, StoreError } from "./ObjectStore.ts"
import { ObjectStore } from "./ObjectStore.ts"
import { checkBucket } from "./S3CheckLayer.ts"
import { makeClient, query } from "./S3ClientLayer.ts"
import { getObject } from "./S3GetLayer.ts"
import { listFolders, listObjects } from "./S3ListLayer.ts"
import { putObject, putObjectIfAbsent } from "./S3PutLayer.ts"
import type { S3Settings } from "./S3StoreLayer.ts"

const headObject =
  (client: S3Client, bucket: string) =>
  (key: string): Effect.Effect<Option.Option<ObjectInfo>, StoreError> =>
    query(
      "head",
      key,
      (options) => client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }), options)
    ).pipe(
      Effect.map((found) =>
        Option.some({
          key,
          size: found.ContentLength ?? 0,
          lastModified: found.LastModified?.getTime() ?? 0,
          metadata: found.Metadata ?? {}
        })
      ),
      Effect.catchIf((error) => error.reason === "NotFound", () => Effect.succeedNone)
    )

const removeObject = (client: S3Client, bucket: string) => (key: string) =>
  query(
    "remove",
    key,
    (options) => client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }), options)
  ).pipe(
    Effect.catchIf((error) => error.reason === "NotFound", () => Effect.void),
    Effect.asVoid
  )

const make = Effect.fnUntraced(function*(settings: S3Settings) {
  const { bucket } = settings
  const client = yield* makeClient(settings)
  const headFirst = yield* Ref.make(false)
  const head = headObject(client, bucket)
  const remove = removeObject(client, bucket)
  const putIfAbsent = putObjectIfAbsent({ client, bucket, head, headFirst })
  return ObjectStore.of({
    name: `s3://${bucket}`,
    putIfAbsent,
    put: putObject(client, bucket),
    get: getObject(client, bucket),
    head,
    list: listObjects(client, bucket),
    listFolders: listFolders(client, bucket),
    remove,
    check: checkBucket({ client, bucket, headFirst, putIfAbsent, remove })
  })
})

export const layer = (settings: S3Settings) => Layer.scoped(ObjectStore, make(settings))
