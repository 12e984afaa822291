/** The archive against the truth, read with tools of others: the AWS SDK and avsc. */
import { GetObjectCommand, paginateListObjectsV2 } from "@aws-sdk/client-s3"
import { Effect } from "effect"
import { createHash } from "node:crypto"
import type { AvscRecord } from "../../test/support/AvscReader.ts"
import { avscRead } from "../../test/support/AvscReader.ts"
import { containerFacts, containerMetadata } from "../../test/support/records/ArchiveView.ts"
import { s3Client } from "../stack/S3Gateway.ts"
import { StackAddresses } from "../stack/Stack.ts"
import type { TrueOffsets, TrueRecord } from "../truth/Truth.ts"
import type { Findings } from "./Findings.ts"

/** Longer values are compared by length and hash. */
export const maxValueBytes = 1024

interface ArchivedFile {
  readonly key: string
  readonly partition: number
  readonly firstOffset: number
  readonly start: number
  readonly next: number
  /** Record and gap counts together, as the file states them. */
  readonly counted: number
  /** In file order: each record as a text that is equal for equal records. */
  readonly records: ReadonlyArray<readonly [offset: number, text: string]>
}

const shown = (bytes: Buffer | null) => {
  if (bytes === null || bytes.length <= maxValueBytes) return bytes?.toString("hex") ?? null
  return { length: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") }
}

const textOfArchived = ({ headers, key, null_headers, timestamp, value }: AvscRecord): string =>
  JSON.stringify({
    key: shown(key),
    value: shown(value),
    timestamp: Number(timestamp),
    headers: Object.entries(headers).map(([name, bytes], index) => [
      name,
      null_headers?.includes(index) === true ? null : shown(bytes)
    ])
  })

const textOfTrue = ({ headers, key, timestamp, value }: TrueRecord): string =>
  JSON.stringify({ key, value, timestamp, headers })

const keyForm = /\/([^/]+)\/(\d+)\/\1-\2-(\d{19})\.avro$/

const read = async (topic: string, key: string, bytes: Buffer): Promise<ArchivedFile> => {
  const facts = containerFacts(await containerMetadata(bytes))
  const [, keyTopic, partition = "", firstOffset = ""] = keyForm.exec(key) ?? []
  if (keyTopic !== topic) throw new Error(`${key} is no key of an archive file`)
  const number = (name: string) => Number(facts[name])
  const gaps = ["compacted", "control", "aborted", "deleted", "unknown"]
  const records = (await avscRead(bytes)).map((record) => {
    const place = `${record.topic}/${record.partition}`
    if (place !== `${topic}/${partition}`) throw new Error(`${key} holds a record of ${place}`)
    return [Number(record.offset), textOfArchived(record)] as const
  })
  return {
    key,
    partition: Number(partition),
    firstOffset: Number(firstOffset),
    start: number("coverage-start"),
    next: number("coverage-next"),
    counted: gaps.reduce((sum, gap) => sum + number(`gaps-${gap}`), number("record-count")),
    records
  }
}

/** The files of a topic in the first generation, in key order. */
const filesOf = (prefix: string, topic: string, findings: Findings) =>
  Effect.flatMap(StackAddresses, ({ s3 }) =>
    Effect.promise(async () => {
      const client = s3Client(s3)
      const files: Array<ArchivedFile> = []
      const below = { Bucket: s3.bucket, Prefix: `${prefix}/${topic}/` }
      for await (const { Contents = [] } of paginateListObjectsV2({ client }, below)) {
        for (const { Key = "" } of Contents) {
          const { Body } = await client.send(new GetObjectCommand({ Bucket: s3.bucket, Key }))
          const bytes = Buffer.from(await Body?.transformToByteArray() ?? [])
          await read(topic, Key, bytes).then(
            (file) => files.push(file),
            (error) => findings.difference(`${Key} cannot be read: ${String(error)}`)
          )
        }
      }
      client.destroy()
      return files
    }))

/** Whether the file agrees with itself. */
const checkFile = (file: ArchivedFile, findings: Findings): void => {
  const wrong = (text: string) => findings.difference(`${file.key}: ${text}`)
  if (file.records[0]?.[0] !== file.firstOffset) wrong(`begins at ${file.records[0]?.[0]}`)
  if (file.counted !== file.next - file.start) {
    wrong(`accounts for ${file.counted} of ${file.next - file.start} offsets`)
  }
  let last = file.start - 1
  for (const [offset] of file.records) {
    if (offset <= last || offset >= file.next) wrong(`${offset} after ${last}, end ${file.next}`)
    last = offset
  }
}

/** The records of all files of a partition by offset. Where files overlap they have to agree. */
const unite = (files: ReadonlyArray<ArchivedFile>, findings: Findings) => {
  const united = new Map<number, string>()
  for (const { key, records } of files) {
    for (const [offset, text] of records) {
      const other = united.get(offset)
      if (other !== undefined && other !== text) findings.difference(`${key}: overlap at ${offset}`)
      united.set(offset, text)
    }
  }
  return united
}

/** No hole from the start of the log to its last record; behind that there may be markers only. */
const checkCoverage = (
  name: string,
  { earliest, stable }: TrueOffsets,
  files: ReadonlyArray<ArchivedFile>,
  lastRecord: number | undefined,
  findings: Findings
): void => {
  let reached = earliest
  for (const { key, next, start } of [...files].sort((one, other) => one.start - other.start)) {
    if (start > reached) findings.difference(`${key}: nothing covers ${reached} to ${start}`)
    reached = Math.max(reached, next)
  }
  if (lastRecord !== undefined && reached <= lastRecord) {
    findings.difference(`${name}: coverage ends at ${reached}, the last record is ${lastRecord}`)
  }
  if (reached > stable) findings.difference(`${name}: covers ${reached}, the log ends at ${stable}`)
}

/** Compares one partition; returns how many records the archive has of it. */
const checkPartition = (
  offsets: TrueOffsets,
  files: ReadonlyArray<ArchivedFile>,
  truth: ReadonlyArray<TrueRecord>,
  findings: Findings
): number => {
  const name = `${offsets.topic}/${offsets.partition}`
  for (const file of files) checkFile(file, findings)
  const archived = unite(files, findings)
  checkCoverage(name, offsets, files, truth.at(-1)?.offset, findings)
  for (const record of truth) {
    const text = archived.get(record.offset)
    if (text === undefined) findings.loss(`${name}: ${record.offset} is not in the archive`)
    else if (text !== textOfTrue(record)) {
      findings.difference(`${name}: ${record.offset} is archived as ${text}`)
    }
  }
  const real = new Set(truth.map(({ offset }) => offset))
  for (const offset of archived.keys()) {
    if (!real.has(offset)) {
      findings.difference(`${name}: ${offset} is archived and was not committed`)
    }
  }
  return archived.size
}

/** Compares a topic; `truth` is every committed record of it. */
export const checkArchive = (
  prefix: string,
  topic: string,
  truth: ReadonlyArray<TrueRecord>,
  offsets: ReadonlyArray<TrueOffsets>,
  findings: Findings
) =>
  Effect.map(filesOf(prefix, topic, findings), (files) => ({
    files: files.length,
    records: offsets.reduce((sum, each) => {
      const here = (one: { readonly partition: number }) => one.partition === each.partition
      return sum + checkPartition(each, files.filter(here), truth.filter(here), findings)
    }, 0)
  }))
