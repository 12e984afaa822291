/** Snapshots in the bucket of the stack, seen with the AWS SDK and avsc. */
import {
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client
} from "@aws-sdk/client-s3"
import { Effect, Schema } from "effect"
import { s3Client } from "../../dev/stack/S3Gateway.ts"
import { StackAddresses } from "../../dev/stack/Stack.ts"
import { parseContainerHeader } from "../../src/codec/ContainerHeader.ts"
import { encodeGroupFile } from "../../src/codec/GroupFile.ts"
import type { GroupSnapshot } from "../../src/domain/GroupSnapshot.ts"
import { avscReadAny } from "./AvscReader.ts"
import { groupFixtureBytes } from "./GroupFixtures.ts"

const inBucket = <A>(use: (client: S3Client, bucket: string) => Promise<A>) =>
  Effect.flatMap(StackAddresses, ({ s3 }) =>
    Effect.promise(async () => {
      const client = s3Client(s3)
      try {
        return await use(client, s3.bucket)
      } finally {
        client.destroy()
      }
    }))

/** Keys that begin so, in order. */
export const keysUnder = (prefix: string) =>
  inBucket(async (client, bucket) => {
    const found = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }))
    return (found.Contents ?? []).flatMap(({ Key }) => Key ?? [])
  })

export const putSnapshot = (key: string, snapshot: GroupSnapshot) =>
  Effect.flatMap(
    encodeGroupFile(snapshot),
    (body) =>
      inBucket((client, bucket) =>
        client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }))
      )
  )

/** What the original reads out of a snapshot. */
const SeenGroup = Schema.Struct({
  group_id: Schema.String,
  topics: Schema.Array(Schema.Struct({
    topic: Schema.String,
    partitions: Schema.Array(Schema.Struct({
      partition: Schema.Number,
      offset: Schema.BigIntFromSelf,
      leader_epoch: Schema.NullOr(Schema.Number),
      metadata: Schema.NullOr(Schema.String)
    }))
  }))
})

const originalSchema = parseContainerHeader(groupFixtureBytes()).schema

/** avsc's records and unions have prototypes of their own; int64 stays as bigint. */
const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, each) => typeof each === "bigint" ? { int64: String(each) } : each),
    (_, each) =>
      typeof each === "object" && each !== null && "int64" in each
        ? BigInt(String(each.int64))
        : each
  )

/** The groups of a snapshot, read with the schema of the original. */
export const seenGroups = (key: string) =>
  inBucket(async (client, bucket) => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
    return avscReadAny(Buffer.from(await Body!.transformToByteArray()), originalSchema)
  }).pipe(Effect.map(plain), Effect.flatMap(Schema.decodeUnknown(Schema.Array(SeenGroup))))
