/** Archives of very many very small files, put into S3 as a backup puts them. */
import { PutObjectCommand } from "@aws-sdk/client-s3"
import type { S3Client } from "@aws-sdk/client-s3"
import { Effect } from "effect"
import { compress } from "../../src/codec/Compression.ts"
import { containerHeader, frameBlock } from "../../src/codec/ContainerWriter.ts"
import { factsToMetadata } from "../../src/codec/FactsMetadata.ts"
import { summarize } from "../../src/codec/RecordCursor.ts"
import { writeRecords } from "../../src/codec/RecordWriter.ts"
import { archiveKey } from "../../src/domain/ArchiveKey.ts"
import { formatVersion } from "../../src/domain/FileAccount.ts"
import type { FileFacts } from "../../src/domain/FileFacts.ts"
import { noGaps } from "../../src/domain/FileFacts.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import type { S3Address } from "../stack/S3Gateway.ts"
import { s3Client } from "../stack/S3Gateway.ts"
import { StackError } from "../stack/StackError.ts"

export interface SmallFiles {
  readonly prefix: string
  readonly topics: number
  readonly partitions: number
  /** Of each partition, a record each. */
  readonly files: number
}

const sync = Buffer.alloc(16, "small files")
const puttingAtOnce = 32

/** One record and what is to be said of it. */
const fileAt = (source: TopicPartition, offset: bigint, partitionCount: number) =>
  Effect.gen(function*() {
    const records = writeRecords([{
      ...source,
      offset,
      timestamp: 1_790_000_000_000n + offset,
      key: Buffer.from(`key-${offset}`),
      value: Buffer.from(`value ${offset}`),
      headers: []
    }])
    const stats = summarize(records, "ours", source)
    const facts: FileFacts = {
      formatVersion,
      clusterId: "4L6g3nShT-eMCtK--X86sw",
      topicId: "tHmaJeUiSxqfTVF8KAQYHg",
      partitionCount,
      timestampType: "CreateTime",
      coverageStart: offset,
      coverageNext: offset + 1n,
      recordCount: 1,
      largestRecord: stats?.largestRecord ?? 0,
      minTimestamp: 1_790_000_000_000n + offset,
      maxTimestamp: 1_790_000_000_000n + offset,
      firstLeaderEpoch: 0,
      lastLeaderEpoch: 0,
      gaps: noGaps
    }
    const block = frameBlock(1, yield* compress("zstd", records), sync)
    return {
      bytes: Buffer.concat([containerHeader({ facts, sync }), ...block]),
      metadata: factsToMetadata(facts)
    }
  })

const putPartition = (
  client: S3Client,
  bucket: string,
  { files, partitions, prefix }: SmallFiles,
  source: TopicPartition
) =>
  Effect.gen(function*() {
    for (let offset = 0n; offset < BigInt(files); offset++) {
      const { bytes, metadata } = yield* fileAt(source, offset, partitions)
      const put = new PutObjectCommand({
        Bucket: bucket,
        Key: archiveKey(prefix, source, offset),
        Body: bytes,
        Metadata: metadata
      })
      yield* Effect.tryPromise({
        try: () => client.send(put),
        catch: (cause) => new StackError({ step: "put an archive file", cause })
      })
    }
  })

/** Puts all of them. */
export const putSmallFiles = (address: S3Address, archive: SmallFiles) =>
  Effect.acquireUseRelease(
    Effect.sync(() => s3Client(address)),
    (client) => {
      const sources = Array.from({ length: archive.topics * archive.partitions }, (_, at) => ({
        topic: `topic-${String(Math.floor(at / archive.partitions)).padStart(3, "0")}`,
        partition: at % archive.partitions
      }))
      return Effect.forEach(
        sources,
        (source) => putPartition(client, address.bucket, archive, source),
        { concurrency: puttingAtOnce, discard: true }
      )
    },
    (client) => Effect.sync(() => client.destroy())
  )
