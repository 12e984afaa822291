/** What a look at the whole archive has found, as a table or as JSON. */
import type { Finding } from "../../streams/archive/Finding.ts"
import type { LivePartition } from "../../streams/archive/LivePartition.ts"
import type { VerifiedPartition } from "../../streams/VerifyArchive.ts"
import type { ComparedPartition } from "../../streams/VerifyRestored.ts"
import type { Column } from "./Table.ts"
import { byteSize, counted, exactly, orDash, tableLines, word } from "./Table.ts"

export interface VerifyReport {
  readonly archive: string
  readonly prefix: string
  readonly findings: ReadonlyArray<Finding>
  readonly partitions: ReadonlyArray<VerifiedPartition>
  /** Of restored topics; empty when none was to be compared. */
  readonly compared: ReadonlyArray<ComparedPartition>
  /** Of the topics that the archive is of; empty when they were not to be compared. */
  readonly live: ReadonlyArray<LivePartition>
}

/** Errors in front, then by topic, partition and key. */
export const inOrder = (findings: ReadonlyArray<Finding>): ReadonlyArray<Finding> => {
  const by = (one: string, other: string) => one < other ? -1 : one > other ? 1 : 0
  return findings.toSorted((one, other) =>
    by(one.severity, other.severity) || by(one.topic, other.topic) ||
    (one.partition ?? -1) - (other.partition ?? -1) || by(one.key ?? "", other.key ?? "")
  )
}

const columns: ReadonlyArray<Column<Finding>> = [
  { title: "SEVERITY", of: ({ severity }) => severity, align: "left" },
  { title: "KIND", of: ({ kind }) => kind, align: "left" },
  { title: "TOPIC", of: ({ topic }) => word(topic), align: "left" },
  { title: "PARTITION", of: ({ partition }) => orDash(partition), align: "right" },
  { title: "FILE", of: ({ key }) => key === undefined ? "-" : word(key), align: "left" },
  { title: "DETAIL", of: ({ message }) => message.replaceAll(/\p{Cc}+/gu, " "), align: "left" }
]

export const errorsIn = (findings: ReadonlyArray<Finding>): number =>
  findings.filter(({ severity }) => severity === "error").length

export const sumOf = (
  partitions: ReadonlyArray<VerifiedPartition>,
  figure: "files" | "bytes" | "records"
): number => partitions.reduce((sum, partition) => sum + partition[figure], 0)

export const recordsIn = (compared: ReadonlyArray<ComparedPartition>): number =>
  compared.reduce((sum, { records }) => sum + records, 0)

export const unarchivedOffsets = (live: ReadonlyArray<LivePartition>): number =>
  live.reduce((sum, one) => sum + Number(one.unarchivedUntil - one.unarchivedFrom), 0)

const comparedText = (compared: ReadonlyArray<ComparedPartition>, kind: string): string =>
  `${counted(recordsIn(compared), "record")} compared with ${counted(compared.length, kind)}`

/** The findings, when there are any, an empty line, and a summary. */
export const verifyTable = (
  { compared, findings, live, partitions }: VerifyReport
): string => {
  const errors = errorsIn(findings)
  const summary = [
    counted(new Set(partitions.map(({ topic }) => topic)).size, "topic"),
    counted(partitions.length, "partition"),
    counted(sumOf(partitions, "files"), "file"),
    byteSize(sumOf(partitions, "bytes")),
    counted(sumOf(partitions, "records"), "record"),
    ...(compared.length === 0 ? [] : [comparedText(compared, "restored partition")]),
    ...(live.length === 0 ? [] : [
      comparedText(live, "live partition"),
      `${counted(unarchivedOffsets(live), "offset")} not archived yet`
    ]),
    counted(errors, "error"),
    counted(findings.length - errors, "warning")
  ].join(", ")
  const table = findings.length === 0 ? [] : [...tableLines(columns, inOrder(findings)), ""]
  return [...table, summary, ""].join("\n")
}

/** One JSON document. Unknown values are null; spans are from `from` to before `to`. */
export const verifyJson = (
  { archive, compared, findings, live, partitions, prefix }: VerifyReport
): string => {
  const errors = errorsIn(findings)
  const document = {
    archive,
    prefix,
    findings: inOrder(findings).map(({ key, kind, message, partition, severity, topic }) => (
      { severity, kind, topic, partition: partition ?? null, file: key ?? null, message }
    )),
    partitions: partitions.map((one) => ({
      topic: one.topic,
      generation: one.topicId ?? "first",
      partition: one.partition,
      files: one.files,
      bytes: one.bytes,
      records: one.records,
      spans: one.spans.map(({ files, from, kind, until }) => (
        { kind, from: exactly(from), to: exactly(until), files }
      )),
      bytesByDay: Object.fromEntries(one.bytesByDay)
    })),
    compared: compared.map(({ partition, records, topic }) => ({ topic, partition, records })),
    live: live.map(({ partition, records, topic, unarchivedFrom, unarchivedUntil }) => ({
      topic,
      partition,
      records,
      unarchived: { from: exactly(unarchivedFrom), to: exactly(unarchivedUntil) }
    })),
    summary: {
      partitions: partitions.length,
      files: sumOf(partitions, "files"),
      bytes: sumOf(partitions, "bytes"),
      records: sumOf(partitions, "records"),
      errors,
      warnings: findings.length - errors
    }
  }
  return `${JSON.stringify(document, undefined, 2)}\n`
}
