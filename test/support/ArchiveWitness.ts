/** Whether an archive holds what Kafka held, seen with the AWS SDK and avsc. */
import { GetObjectCommand, paginateListObjectsV2 } from "@aws-sdk/client-s3"
import { Effect } from "effect"
import { s3Client } from "../../dev/stack/S3Gateway.ts"
import { StackAddresses } from "../../dev/stack/Stack.ts"
import type { TrueOffsets, TrueRecord } from "../../dev/truth/Truth.ts"
import { Truth } from "../../dev/truth/Truth.ts"
import { parseContainerHeader } from "../../src/codec/ContainerHeader.ts"
import type { ArchiveKey } from "../../src/domain/ArchiveKey.ts"
import { parseArchiveKey } from "../../src/domain/ArchiveKey.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import type { AvscRecord } from "./AvscReader.ts"
import { avscRead } from "./AvscReader.ts"

export interface WitnessedFile extends ArchiveKey {
  readonly key: string
  readonly coverageStart: number
  readonly coverageNext: number
  readonly records: ReadonlyArray<AvscRecord>
}

/** The file under the key; fails on one that is not of the archive. */
const witness = (key: string, bytes: Buffer): Promise<WitnessedFile> => {
  const place = parseArchiveKey(key)
  const { facts } = parseContainerHeader(bytes)
  if (place === undefined || facts === undefined) throw new Error(`${key} is no archive file`)
  const coverageStart = Number(facts.coverageStart)
  const coverageNext = Number(facts.coverageNext)
  return avscRead(bytes).then((records) => (
    { ...place, key, coverageStart, coverageNext, records }
  ))
}

/** Every archive file below the prefix, in key order. */
export const archivedFiles = (prefix: string) =>
  Effect.flatMap(StackAddresses, ({ s3 }) =>
    Effect.promise(async () => {
      const client = s3Client(s3)
      const files: Array<WitnessedFile> = []
      const at = { Bucket: s3.bucket, Prefix: `${prefix}/` }
      for await (const { Contents = [] } of paginateListObjectsV2({ client }, at)) {
        for (const { Key = "" } of Contents) {
          const { Body } = await client.send(new GetObjectCommand({ Bucket: s3.bucket, Key }))
          files.push(await witness(Key, Buffer.from(await Body!.transformToByteArray())))
        }
      }
      client.destroy()
      return files
    }))

const hex = (bytes: Buffer | null): string | null => bytes === null ? null : bytes.toString("hex")

const textOfArchived = ({ headers, key, timestamp, value }: AvscRecord): string =>
  JSON.stringify({
    key: hex(key),
    value: hex(value),
    timestamp: Number(timestamp),
    headers: Object.entries(headers).map(([name, bytes]) => [name, hex(bytes)])
  })

const textOfTrue = ({ headers, key, timestamp, value }: TrueRecord): string =>
  JSON.stringify({ key, value, timestamp, headers })

/** The records of one partition's files by offset; what is wrong with them goes to `report`. */
const unite = (files: ReadonlyArray<WitnessedFile>, report: (text: string) => void) => {
  const found = new Map<number, string>()
  for (const file of files) {
    let last = -1
    for (const record of file.records) {
      const offset = Number(record.offset)
      const text = textOfArchived(record)
      const before = found.get(offset)
      if (before !== undefined && before !== text) {
        report(`${file.key}: overlap at ${offset} differs`)
      }
      if (offset <= last) report(`${file.key}: ${offset} comes after ${last}`)
      if (last === -1 && BigInt(offset) !== file.firstOffset) {
        report(`${file.key}: starts ${offset}`)
      }
      if (offset < file.coverageStart || offset >= file.coverageNext) {
        report(`${file.key}: ${offset} is outside of its coverage`)
      }
      if (record.topic !== file.topic || record.partition !== file.partition) {
        report(`${file.key}: a record of ${record.topic}-${record.partition}`)
      }
      last = offset
      found.set(offset, text)
    }
  }
  return found
}

/** Coverage without a hole from the first to the last stable offset. */
const checkCoverage = (
  { earliest, stable }: TrueOffsets,
  files: ReadonlyArray<WitnessedFile>,
  report: (text: string) => void
) => {
  let reached = earliest
  for (const file of [...files].sort((a, b) => a.coverageStart - b.coverageStart)) {
    if (file.coverageStart > reached) report(`${file.key}: a hole from ${reached} on`)
    reached = Math.max(reached, file.coverageNext)
  }
  if (reached !== stable) report(`coverage ends at ${reached}, the log at ${stable}`)
}

/**
 * One sentence per difference between the archive and what is in the topics now; empty when files
 * cover each partition without a hole, and hold each record of it, the same wherever they overlap.
 */
export const archiveDifferences = Effect.fnUntraced(function*(
  prefix: string,
  topics: ReadonlyArray<string>
) {
  const truth = yield* Truth
  const records = yield* truth.consume(topics)
  const offsets = yield* truth.offsets(topics)
  const files = yield* archivedFiles(prefix)
  const differences: Array<string> = []
  for (const partition of offsets) {
    const name = topicPartitionName(partition)
    const here = (each: { readonly topic: string; readonly partition: number }) =>
      topicPartitionName(each) === name
    const report = (text: string) => void differences.push(`${name}: ${text}`)
    const found = unite(files.filter(here), report)
    const wanted = records.filter(here)
    checkCoverage(partition, files.filter(here), report)
    if (found.size !== wanted.length) report(`${wanted.length} records, ${found.size} archived`)
    for (const record of wanted) {
      const text = found.get(record.offset)
      if (text !== textOfTrue(record)) report(`${record.offset} is archived as ${text}`)
    }
  }
  for (const file of files) {
    if (!topics.includes(file.topic)) differences.push(`${file.key}: nobody asked for it`)
  }
  return differences.slice(0, 20)
})
