/** Finds out at start-up whether a bucket can do what will be asked of it. */
import type { S3Client } from "@aws-sdk/client-s3"
import { HeadBucketCommand, ListObjectsV2Command } from "@aws-sdk/client-s3"
import { Effect, Ref } from "effect"
import { folderOf } from "../src/domain/ObjectKey.ts"
import { bodyOfBytes } from "./ObjectBody.ts"
import type { ObjectBody, ObjectMetadata, StoreError } from "./ObjectStore.ts"
import { query } from "./S3ClientLayer.ts"

export interface Bucket {
  readonly client: S3Client
  readonly bucket: string
  readonly headFirst: Ref.Ref<boolean>
  readonly putIfAbsent: (
    key: string,
    body: ObjectBody,
    metadata: ObjectMetadata
  ) => Effect.Effect<"created" | "exists", StoreError>
  readonly remove: (key: string) => Effect.Effect<void, StoreError>
}

const probe = bodyOfBytes(new TextEncoder().encode("kafka-data-keep checks conditional writes\n"))

/** Lists first, because the answer to HeadBucket has no body to say what is wrong. */
const reach = ({ bucket, client }: Bucket, probeKey: string) =>
  query("check", bucket, (options) =>
    client.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: folderOf(probeKey), MaxKeys: 1 }),
      options
    )).pipe(
      Effect.catchIf(
        (error) => error.reason === "Denied",
        (denied) =>
          query(
            "check",
            bucket,
            (options) => client.send(new HeadBucketCommand({ Bucket: bucket }), options)
          ).pipe(
            Effect.mapError(() => denied)
          )
      ),
      Effect.asVoid
    )

/** Some stores refuse the condition, others write in spite of it. */
const honoursConditions = ({ putIfAbsent }: Bucket, key: string) =>
  putIfAbsent(key, probe, {}).pipe(
    Effect.filterOrElse((first) => first === "exists", () => putIfAbsent(key, probe, {})),
    Effect.map((second) => second === "exists"),
    Effect.catchIf(
      (error) => /NotImplemented|If-None-Match/i.test(error.message),
      () => Effect.succeed(false)
    )
  )

export const checkBucket = (bucket: Bucket) =>
(
  options: { readonly write: boolean; readonly probeKey: string }
): Effect.Effect<void, StoreError> =>
  Effect.gen(function*() {
    const { probeKey, write } = options
    yield* reach(bucket, probeKey)
    if (!write) return
    if (!(yield* honoursConditions(bucket, probeKey))) {
      yield* Ref.set(bucket.headFirst, true)
      yield* Effect.logWarning(
        "the object store ignores If-None-Match: looking before each write instead, so keep one writer per partition"
      ).pipe(Effect.annotateLogs({ bucket: bucket.bucket }))
    }
    yield* Effect.catchAll(bucket.remove(probeKey), (error) =>
      Effect.logDebug("probe object stays").pipe(
        Effect.annotateLogs({ key: probeKey, error: error.message })
      ))
  })
