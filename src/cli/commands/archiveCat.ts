/** `archive-cat`: records of the archive on stdout. */
import { defineArchiveCommand } from "../CommandSpec.ts"
import type { Values } from "../Flag.ts"
import { choice, instant, integer, offset, optionalInteger, text } from "../FlagKinds.ts"
import { generationFlag, prefixFlag } from "../StoreFlags.ts"

export const archiveCatFlags = {
  prefix: prefixFlag(""),
  topic: text(["topic", "TOPIC", "", "Topic to read, by its exact name. Must be given"], "topic"),
  partition: optionalInteger(
    ["partition", "PARTITION", "", "Only this partition; empty for all, one after the other"],
    { min: 0, max: 2_147_483_647 }
  ),
  fromOffset: offset(["from-offset", "FROM_OFFSET", "", "First offset to show"]),
  toOffset: offset(["to-offset", "TO_OFFSET", "", "Offset to stop in front of"]),
  fromTime: instant([
    "from-time",
    "FROM_TIME",
    "",
    "Least timestamp to show: RFC 3339, or milliseconds since the epoch"
  ]),
  toTime: instant([
    "to-time",
    "TO_TIME",
    "",
    "Timestamp from which on records are left out: RFC 3339, or milliseconds since the epoch"
  ]),
  key: text(["key", "KEY", "", "Only records with this key, in UTF-8; empty for all"], "key"),
  limit: integer(["limit", "LIMIT", "0", "Records to show at most; 0 for all"], {
    min: 0,
    max: Number.MAX_SAFE_INTEGER
  }),
  valueFormat: choice(
    [
      "value-format",
      "VALUE_FORMAT",
      "utf8",
      "Form of keys, values and header values: utf8, base64, or json, which puts JSON as it is into the line, and what is not JSON as text"
    ],
    ["utf8", "base64", "json"],
    "format"
  ),
  generation: generationFlag
}

const problems = (
  { fromOffset, fromTime, toOffset, toTime, topic }: Values<typeof archiveCatFlags>
): ReadonlyArray<string> => {
  const isEmpty = (from: bigint | undefined, to: bigint | undefined) =>
    from !== undefined && to !== undefined && from >= to
  return [
    ...(topic === ""
      ? ["no topic given: name one with -topic [env TOPIC]; archive-list shows which there are"]
      : []),
    ...(isEmpty(fromOffset, toOffset)
      ? ["-to-offset must be above -from-offset: the range excludes its end"]
      : []),
    ...(isEmpty(fromTime, toTime)
      ? ["-to-time must be later than -from-time: the range excludes its end"]
      : [])
  ]
}

export const archiveCat = defineArchiveCommand(
  {
    name: "archive-cat",
    summary: "print records of the archive, without Kafka",
    details: [
      "Prints one JSON object a line: topic, partition, offset, timestamp in milliseconds, key, value, and headers as a list of key and value, in the order of the partition. null is null. Ranges include their start and exclude their end.",
      "Only the archive files are read that can hold what is asked for."
    ],
    example:
      "kafka-data-keep archive-cat -s3-bucket my-backups -s3-prefix topics -topic orders \\\n    -from-time 2026-11-22T20:00:00Z -to-time 2026-11-22T21:00:00Z -value-format json | head"
  },
  archiveCatFlags,
  () => import("../work/archiveCat.ts"),
  problems
)
