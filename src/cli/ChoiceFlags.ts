/** Flags that say what of an archive is to be restored, and how fast. */
import { Either } from "effect"
import type { RestoreChoice } from "../domain/RestoreChoice.ts"
import { topicPartitionName } from "../domain/TopicPartition.ts"
import type { Flag, Values } from "./Flag.ts"
import type { FlagText } from "./FlagKinds.ts"
import { custom, instant, integer, splitList } from "./FlagKinds.ts"

/** Elements of a list, each as the expression has its groups. */
const elements = (
  value: string,
  form: RegExp,
  expected: string
): Either.Either<ReadonlyArray<ReadonlyArray<string>>, string> =>
  Either.flatMap(splitList(value), (list) => {
    const found = list.flatMap((element) => {
      const groups = form.exec(element)?.slice(1)
      return groups === undefined ? [] : [groups]
    })
    return found.length === list.length ? Either.right(found) : Either.left(expected)
  })

const renameFlag = (flag: FlagText): Flag<RestoreChoice["rename"]> =>
  custom(flag, "old=new,...", (value) =>
    Either.flatMap(
      elements(value, /^([^=]+)=([^=]+)$/, "a list such as old=new,other=another"),
      (pairs) => {
        const names = new Map(pairs.map(([from = "", to = ""]) => [from, to]))
        return names.size === pairs.length && new Set(names.values()).size === pairs.length
          ? Either.right(names)
          : Either.left("each old and each new name once")
      }
    ))

const partitionsFlag = (flag: FlagText): Flag<RestoreChoice["partitions"]> =>
  custom(flag, "topic:partition,...", (value) =>
    Either.map(
      elements(value, /^([^:=]+):(\d{1,9})$/, "a list such as orders:0,orders:2"),
      (pairs) => {
        const partitions = new Map<string, Set<number>>()
        for (const [topic = "", partition] of pairs) {
          const found = partitions.get(topic) ?? new Set()
          partitions.set(topic, found.add(Number(partition)))
        }
        return partitions
      }
    ))

const toOffsetsFlag = (flag: FlagText): Flag<RestoreChoice["toOffsets"]> =>
  custom(flag, "topic:partition=offset,...", (value) =>
    Either.flatMap(
      elements(
        value,
        /^([^:=]+):(\d{1,9})=(\d{1,19})$/,
        "a list such as orders:0=1200,orders:2=80"
      ),
      (triples) => {
        const offsets = new Map(
          triples.map(([topic = "", partition, offset = "0"]) => [
            topicPartitionName({ topic, partition: Number(partition) }),
            BigInt(offset)
          ])
        )
        return offsets.size === triples.length
          ? Either.right(offsets)
          : Either.left("each partition once")
      }
    ))

export const choiceFlags = {
  rename: renameFlag([
    "rename",
    "RENAME",
    "",
    "Topics to restore under another name, which any prefix is put in front of"
  ]),
  partitions: partitionsFlag([
    "partitions",
    "PARTITIONS",
    "",
    "Of these topics only these partitions; other topics are restored whole"
  ]),
  fromTime: instant([
    "from-time",
    "FROM_TIME",
    "",
    "Least timestamp of records to restore: RFC 3339, or milliseconds since the epoch"
  ]),
  toTime: instant([
    "to-time",
    "TO_TIME",
    "",
    "Timestamp from which on records are left out: RFC 3339, or milliseconds since the epoch"
  ]),
  toOffset: toOffsetsFlag([
    "to-offset",
    "TO_OFFSET",
    "",
    "Source offsets from which on records of a partition are left out"
  ])
}

export const maxBytesPerSecondFlag = integer(
  [
    "max-bytes-per-second",
    "MAX_BYTES_PER_SECOND",
    "0",
    "Bytes of keys, values and headers, uncompressed, to restore in a second at most, by all workers together; 0 for no bound"
  ],
  { min: 0, max: Number.MAX_SAFE_INTEGER, placeholder: "bytes" }
)

export type ChoiceValues = Values<typeof choiceFlags>

export const choiceProblems = ({ fromTime, toTime }: ChoiceValues): ReadonlyArray<string> =>
  fromTime !== undefined && toTime !== undefined && fromTime >= toTime
    ? ["-to-time must be later than -from-time: the range excludes its end"]
    : []

export const choiceOf = (
  { fromTime, partitions, rename, toOffset, toTime }: ChoiceValues
): RestoreChoice => ({
  rename,
  partitions,
  fromTimeMs: fromTime,
  toTimeMs: toTime,
  toOffsets: toOffset
})
