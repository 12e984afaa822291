/** `archive-verify`: whether the archive is whole. */
import { Either } from "effect"
import { defineProofCommand } from "../CommandSpec.ts"
import { choice, custom, text } from "../FlagKinds.ts"
import { prefixFlag } from "../StoreFlags.ts"

export const archiveVerifyFlags = {
  prefix: prefixFlag(""),
  topic: text(["topic", "TOPIC", "", "Only this topic, by its exact name; empty for all"], "topic"),
  output: choice(
    ["output", "OUTPUT", "table", "Form of the result on stdout: table or json"],
    ["table", "json"],
    "format"
  ),
  restoredPrefix: text([
    "restored-prefix",
    "RESTORED_PREFIX",
    "none",
    "Compare the archive with the topics of these names with this prefix in front, which a restore has filled, record by record; none to leave Kafka alone"
  ], "prefix"),
  report: custom(
    [
      "report",
      "REPORT",
      "",
      "File for the result as one page for a browser and for print, such as report.html; the same as JSON beside it, as report.json"
    ],
    "file",
    (value) =>
      value === "" || /\.html?$/i.test(value)
        ? Either.right(value)
        : Either.left("a file name that ends in .html")
  )
}

export const archiveVerify = defineProofCommand(
  {
    name: "archive-verify",
    summary: "prove that the archive is whole, by reading all of it",
    details: [
      "Reads every archive file to its end: checksums, records and counts must hold, keys and contents agree, and the files of a partition account for every offset once. What is wrong is named with its file, and the exit code is 1.",
      "With -restored-prefix the newest life of each topic is also compared with what a restore has made of it: key, value, headers, timestamp and order of every record. The first difference of each partition is named with its source offset.",
      "Offsets without a record that no file gives a reason for, as in files of the original program, are a warning: they cannot be told from lost ones."
    ],
    example: "kafka-data-keep archive-verify -s3-bucket my-backups -s3-prefix topics"
  },
  archiveVerifyFlags,
  () => import("../work/archiveVerify.ts")
)
