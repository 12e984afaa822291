/** `archive-list`: what the archive holds. */
import { defineArchiveCommand } from "../CommandSpec.ts"
import { boolean, choice, text } from "../FlagKinds.ts"
import { prefixFlag } from "../StoreFlags.ts"

export const archiveListFlags = {
  prefix: prefixFlag(""),
  topic: text([
    "topic",
    "TOPIC",
    "",
    "Only this topic, by its exact name, with a line for each partition; empty for all, with a line for each topic"
  ], "topic"),
  deep: boolean([
    "deep",
    "DEEP",
    "false",
    "Ask every archive file what it says of itself, in place of the first and the newest of each partition: exact record counts, times and gaps, one request for each file"
  ]),
  output: choice(
    ["output", "OUTPUT", "table", "Form of the listing on stdout: table or json"],
    ["table", "json"],
    "format"
  )
}

export const archiveList = defineArchiveCommand(
  {
    name: "archive-list",
    summary: "show which topics the archive holds, and how much of each",
    details: [
      "Reads the listing of the archive, and what its files say of themselves: the offsets that they account for, their records and times, and the offsets without a record, by reason. What is not known is shown as a dash: more is with -deep, and files that the original program wrote say nothing.",
      "A topic that was deleted and recreated has a line for each of its lives."
    ],
    example: "kafka-data-keep archive-list -s3-bucket my-backups -s3-prefix topics -topic orders"
  },
  archiveListFlags,
  () => import("../work/archiveList.ts")
)
