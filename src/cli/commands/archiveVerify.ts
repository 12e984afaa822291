/** `archive-verify`: whether the archive is whole. */
import { Either } from "effect"
import { choiceFlags, choiceProblems } from "../ChoiceFlags.ts"
import { defineProofCommand } from "../CommandSpec.ts"
import type { Values } from "../Flag.ts"
import { boolean, choice, custom, text } from "../FlagKinds.ts"
import { prefixFlag } from "../StoreFlags.ts"

/** What `-restored-prefix` says by default. */
export const noPrefix = "none"

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
    noPrefix,
    "Compare the archive with the topics of these names with this prefix in front, which a restore has filled, record by record; none to leave them alone"
  ], "prefix"),
  ...choiceFlags,
  againstCluster: boolean([
    "against-cluster",
    "AGAINST_CLUSTER",
    "false",
    "Compare the archive with the topics that it is an archive of, record by record, and say what is not archived yet"
  ]),
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

const problems = (flags: Values<typeof archiveVerifyFlags>): ReadonlyArray<string> => {
  const { fromTime, partitions, rename, restoredPrefix, toOffset, toTime } = flags
  const isChosen = fromTime !== undefined || toTime !== undefined ||
    [partitions, rename, toOffset].some(({ size }) => size > 0)
  return isChosen && restoredPrefix === noPrefix
    ? [
      "-rename, -partitions, -from-time, -to-time and -to-offset say what was restored: " +
      "give -restored-prefix too, or leave them out"
    ]
    : choiceProblems(flags)
}

export const archiveVerify = defineProofCommand(
  {
    name: "archive-verify",
    summary: "prove that the archive is whole, by reading all of it",
    details: [
      "Reads every archive file to its end: checksums, records and counts must hold, keys and contents agree, and the files of a partition account for every offset once. What is wrong is named with its file, and the exit code is 1.",
      "With -restored-prefix the newest life of each topic is also compared with what a restore has made of it: key, value, headers, timestamp and order of every record. The first difference of each partition is named with its source offset. Was only a part restored? Then give the flags that chose it.",
      "With -against-cluster it is compared with the topics it was made from, as far as retention and compaction have left them; what differs is an error, what is not archived yet a warning.",
      "Offsets without a record that no file gives a reason for, as in files of the original program, are a warning: they cannot be told from lost ones."
    ],
    example: "kafka-data-keep archive-verify -s3-bucket my-backups -s3-prefix topics"
  },
  archiveVerifyFlags,
  () => import("../work/archiveVerify.ts"),
  problems
)
