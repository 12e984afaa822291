/** Archive files on the S3 server, whole or damaged, and what has been restored from them. */
import { DeleteObjectCommand } from "@aws-sdk/client-s3"
import { Chunk, Effect, Stream } from "effect"
import { createHash } from "node:crypto"
import { s3Client } from "../../dev/stack/S3Gateway.ts"
import { StackAddresses } from "../../dev/stack/Stack.ts"
import type { TrueRecord } from "../../dev/truth/Truth.ts"
import { Truth } from "../../dev/truth/Truth.ts"
import { readContainer } from "../../src/codec/ContainerReader.ts"
import { archiveKey } from "../../src/domain/ArchiveKey.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import { chunked } from "./Containers.ts"
import { putIntoBucket } from "./records/ArchiveView.ts"
import { archivedRecord, fileBytes, recordsFrom } from "./RestoreHarness.ts"

/** Records of a file, in three blocks; each partition has three files. */
const recordsPerFile = 30
const files = [0, 1, 2]

/** Runs of source offsets when all three files are restored. */
export const everything = "0-89"

export const partitionsOf = (topic: string, partitions: number): ReadonlyArray<TopicPartition> =>
  Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))

export const fileKey = (prefix: string, source: TopicPartition, file: number): string =>
  archiveKey(prefix, source, BigInt(file * recordsPerFile))

export const wholeFile = (source: TopicPartition, file: number) =>
  fileBytes(recordsFrom(source, file * recordsPerFile, (file + 1) * recordsPerFile - 1))

/** More than 2,000 bytes, however well they are compressed. */
const largeValue = Buffer.concat(
  Array.from({ length: 94 }, (_, at) => createHash("sha256").update(String(at)).digest())
)

/** The second file of a partition, its record 45 with a large value. */
export const fileWithLargeRecord = (source: TopicPartition) =>
  fileBytes([
    ...recordsFrom(source, 30, 44),
    archivedRecord(source, 45, { value: largeValue }),
    ...recordsFrom(source, 46, 59)
  ])

/** Puts the files of these partitions, whatever was there. */
export const putWhole = (prefix: string, sources: ReadonlyArray<TopicPartition>) =>
  Effect.forEach(
    sources,
    (source) =>
      Effect.forEach(files, (file) =>
        Effect.map(wholeFile(source, file), (bytes) => ({
          key: fileKey(prefix, source, file),
          bytes
        })))
  ).pipe(Effect.flatMap((all) => putIntoBucket(all.flat())))

export const removeObject = (key: string) =>
  Effect.flatMap(StackAddresses, ({ s3 }) =>
    Effect.promise(async () => {
      const client = s3Client(s3)
      await client.send(new DeleteObjectCommand({ Bucket: s3.bucket, Key: key }))
      client.destroy()
    }))

/** Where the second of the three blocks is: its content's first byte, and the byte after it. */
export const secondBlock = (bytes: Buffer) =>
  Effect.scoped(Effect.gen(function*() {
    const { blocks } = yield* readContainer(chunked(bytes))
    const all = Chunk.toReadonlyArray(yield* Stream.runCollect(blocks))
    const { data, end } = all[1] ?? { data: Buffer.alloc(0), end: 0 }
    return { start: bytes.indexOf(data), end }
  })).pipe(Effect.orDie)

const text = (bytes: TrueRecord["key"]): string | undefined =>
  typeof bytes === "string" ? Buffer.from(bytes, "hex").toString() : undefined

/** The source offset of a record that is exactly as it was; -1 for any other. */
const sourceOffset = ({ headers, key, timestamp, value }: TrueRecord): number => {
  const [[name, content] = ["", null], ...others] = headers
  const offset = Number(text(content))
  const exact = name === "restore.source-offset" && others.length === 0 &&
    text(key) === `key ${offset}` &&
    (text(value) === `value ${offset}` || value === largeValue.toString("hex")) &&
    timestamp === 1_700_000_000_000 + offset
  return exact ? offset : -1
}

const runsOf = (offsets: ReadonlyArray<number>): string => {
  const runs: Array<[number, number]> = []
  for (const offset of offsets) {
    const last = runs.at(-1)
    if (last !== undefined && last[0] >= 0 && last[1] + 1 === offset) last[1] = offset
    else runs.push([offset, offset])
  }
  return runs.map(([from, to]) => from < 0 ? "other" : `${from}-${to}`).join(" ")
}

/** What a Java consumer finds in the partitions that hold records, as runs of source offsets. */
export const restoredRuns = (topics: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const truth = yield* Truth
    const offsets = new Map<string, Array<number>>()
    for (const record of yield* truth.consume(topics)) {
      const name = topicPartitionName(record)
      const all = offsets.get(name) ?? []
      offsets.set(name, all)
      all.push(sourceOffset(record))
    }
    const runs = [...offsets].map(([name, all]) => [name, runsOf(all)] as const)
    return Object.fromEntries(runs.sort(([one], [other]) => one < other ? -1 : 1))
  })
