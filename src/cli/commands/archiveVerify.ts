/** `archive-verify`: whether the archive is whole. */
import { defineArchiveCommand } from "../CommandSpec.ts"
import { choice, text } from "../FlagKinds.ts"
import { prefixFlag } from "../StoreFlags.ts"

export const archiveVerifyFlags = {
  prefix: prefixFlag(""),
  topic: text(["topic", "TOPIC", "", "Only this topic, by its exact name; empty for all"], "topic"),
  output: choice(
    ["output", "OUTPUT", "table", "Form of the result on stdout: table or json"],
    ["table", "json"],
    "format"
  )
}

export const archiveVerify = defineArchiveCommand(
  {
    name: "archive-verify",
    summary: "prove that the archive is whole, by reading all of it",
    details: [
      "Reads every archive file to its end: checksums, records and counts must hold, keys and contents agree, and the files of a partition account for every offset once. What is wrong is named with its file, and the exit code is 1.",
      "Offsets without a record that no file gives a reason for, as in files of the original program, are a warning: they cannot be told from lost ones."
    ],
    example: "kafka-data-keep archive-verify -s3-bucket my-backups -s3-prefix topics"
  },
  archiveVerifyFlags,
  () => import("../work/archiveVerify.ts")
)
