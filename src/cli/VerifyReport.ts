/** What a look at the whole archive has found, as a table or as JSON. */
import type { Finding } from "../../streams/archive/Finding.ts"
import type { VerifiedPartition } from "../../streams/VerifyArchive.ts"
import type { Column } from "./Table.ts"
import { byteSize, counted, orDash, tableLines, word } from "./Table.ts"

export interface VerifyReport {
  readonly archive: string
  readonly prefix: string
  readonly findings: ReadonlyArray<Finding>
  readonly partitions: ReadonlyArray<VerifiedPartition>
}

/** Errors in front, then by topic, partition and key. */
const inOrder = (findings: ReadonlyArray<Finding>): ReadonlyArray<Finding> => {
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

const sumOf = (
  partitions: ReadonlyArray<VerifiedPartition>,
  figure: "files" | "bytes" | "records"
): number => partitions.reduce((sum, partition) => sum + partition[figure], 0)

/** The findings, when there are any, an empty line, and a summary. */
export const verifyTable = ({ findings, partitions }: VerifyReport): string => {
  const errors = errorsIn(findings)
  const summary = [
    counted(new Set(partitions.map(({ topic }) => topic)).size, "topic"),
    counted(partitions.length, "partition"),
    counted(sumOf(partitions, "files"), "file"),
    byteSize(sumOf(partitions, "bytes")),
    counted(sumOf(partitions, "records"), "record"),
    counted(errors, "error"),
    counted(findings.length - errors, "warning")
  ].join(", ")
  const table = findings.length === 0 ? [] : [...tableLines(columns, inOrder(findings)), ""]
  return [...table, summary, ""].join("\n")
}

/** One JSON document. Unknown values are null. */
export const verifyJson = ({ archive, findings, partitions, prefix }: VerifyReport): string => {
  const errors = errorsIn(findings)
  const document = {
    archive,
    prefix,
    findings: inOrder(findings).map(({ key, kind, message, partition, severity, topic }) => (
      { severity, kind, topic, partition: partition ?? null, file: key ?? null, message }
    )),
    partitions: partitions.map(({ bytes, files, partition, records, topic, topicId }) => (
      { topic, generation: topicId ?? "first", partition, files, bytes, records }
    )),
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
