/** What an archive holds, as a table or as JSON. */
import type { PartitionSummary } from "../../streams/archive/PartitionAccount.ts"
import { presentGaps } from "../../streams/archive/PartitionAccount.ts"
import type { TopicSummary } from "../../streams/ListArchive.ts"
import type { GapCounts } from "../domain/FileFacts.ts"
import { gapReasons } from "../domain/FileFacts.ts"
import type { Column } from "./Table.ts"
import { byteSize, counted, exactly, orDash, tableLines, timeText, word } from "./Table.ts"

/** `undefined` when one of them is. */
const total = (values: ReadonlyArray<number | undefined>): number | undefined =>
  values.reduce<number | undefined>(
    (sum, value) => sum === undefined || value === undefined ? undefined : sum + value,
    0
  )

const least = (values: ReadonlyArray<bigint | undefined>): bigint | undefined =>
  values.reduce((min, value) =>
    value !== undefined && (min === undefined || value < min) ? value : min
  )

const most = (values: ReadonlyArray<bigint | undefined>): bigint | undefined =>
  values.reduce((max, value) =>
    value !== undefined && (max === undefined || value > max) ? value : max
  )

const sumOf = (
  partitions: ReadonlyArray<PartitionSummary>,
  of: (one: PartitionSummary) => number
) => partitions.reduce((sum, one) => sum + of(one), 0)

const totalGaps = (partitions: ReadonlyArray<PartitionSummary>): GapCounts | undefined => {
  const known = partitions.flatMap(({ gaps }) => gaps ?? [])
  if (known.length < partitions.length) return undefined
  const of = (reason: keyof GapCounts) => known.reduce((sum, gaps) => sum + gaps[reason], 0)
  return {
    compacted: of("compacted"),
    control: of("control"),
    aborted: of("aborted"),
    deleted: of("deleted"),
    unknown: of("unknown")
  }
}

/** `none`, or each reason with its number of offsets. */
const gapText = (gaps: GapCounts | undefined): string => {
  if (gaps === undefined) return "-"
  const present = presentGaps(gaps).map(([reason, offsets]) => `${reason}=${offsets}`)
  return present.length === 0 ? "none" : present.join(",")
}

const holeText = ({ holes }: PartitionSummary): string =>
  holes === undefined
    ? "-"
    : holes.length === 0
    ? "none"
    : holes.map(({ from, until }) => `${from}-${until - 1n}`).join(",")

const lifeOf = ({ branches, topicId }: TopicSummary): string =>
  `${topicId ?? "first"}${branches === 0 ? "" : `+${counted(branches, "branch")}`}`

const topicColumns: ReadonlyArray<Column<TopicSummary>> = [
  { title: "TOPIC", of: ({ topic }) => word(topic), align: "left" },
  { title: "GENERATION", of: lifeOf, align: "left" },
  { title: "PARTITIONS", of: ({ partitions }) => String(partitions.length), align: "right" },
  {
    title: "FILES",
    of: ({ partitions }) => String(sumOf(partitions, ({ files }) => files)),
    align: "right"
  },
  {
    title: "SIZE",
    of: ({ partitions }) => byteSize(sumOf(partitions, ({ bytes }) => bytes)),
    align: "right"
  },
  {
    title: "RECORDS",
    of: ({ partitions }) => orDash(total(partitions.map(({ records }) => records))),
    align: "right"
  },
  {
    title: "OLDEST",
    of: ({ partitions }) => orDash(timeText(least(partitions.map((one) => one.minTimestamp)))),
    align: "left"
  },
  {
    title: "NEWEST",
    of: ({ partitions }) => orDash(timeText(most(partitions.map((one) => one.maxTimestamp)))),
    align: "left"
  },
  { title: "GAPS", of: ({ partitions }) => gapText(totalGaps(partitions)), align: "left" }
]

const partitionColumns: ReadonlyArray<Column<PartitionSummary & { readonly life: string }>> = [
  { title: "GENERATION", of: ({ life }) => life, align: "left" },
  { title: "PARTITION", of: ({ partition }) => String(partition), align: "right" },
  { title: "FILES", of: ({ files }) => String(files), align: "right" },
  { title: "SIZE", of: ({ bytes }) => byteSize(bytes), align: "right" },
  { title: "FIRST", of: ({ firstOffset }) => String(firstOffset), align: "right" },
  { title: "NEXT", of: ({ nextOffset }) => orDash(nextOffset), align: "right" },
  { title: "RECORDS", of: ({ records }) => orDash(records), align: "right" },
  { title: "OLDEST", of: (one) => orDash(timeText(one.minTimestamp)), align: "left" },
  { title: "NEWEST", of: (one) => orDash(timeText(one.maxTimestamp)), align: "left" },
  { title: "GAPS", of: ({ gaps }) => gapText(gaps), align: "left" },
  { title: "HOLES", of: holeText, align: "left" }
]

/** A line for each topic and life of it, an empty line, and a summary. */
export const topicsTable = (topics: ReadonlyArray<TopicSummary>): string => {
  const partitions = topics.flatMap((each) => each.partitions)
  const summary = [
    counted(new Set(topics.map(({ topic }) => topic)).size, "topic"),
    counted(partitions.length, "partition"),
    counted(sumOf(partitions, ({ files }) => files), "file"),
    byteSize(sumOf(partitions, ({ bytes }) => bytes))
  ].join(", ")
  return [...tableLines(topicColumns, topics), "", summary, ""].join("\n")
}

/** A line for each partition of each life of one topic. */
export const partitionsTable = (topics: ReadonlyArray<TopicSummary>): string => {
  const rows = topics.flatMap((topic) =>
    topic.partitions.map((partition) => ({ ...partition, life: lifeOf(topic) }))
  )
  return [...tableLines(partitionColumns, rows), ""].join("\n")
}

const partitionJson = (one: PartitionSummary) => ({
  partition: one.partition,
  files: one.files,
  bytes: one.bytes,
  firstOffset: exactly(one.firstOffset),
  nextOffset: exactly(one.nextOffset),
  records: one.records ?? null,
  minTimestamp: exactly(one.minTimestamp),
  maxTimestamp: exactly(one.maxTimestamp),
  gaps: one.gaps === undefined
    ? null
    : Object.fromEntries(gapReasons.map((reason) => [reason, one.gaps?.[reason] ?? 0])),
  holes: one.holes?.map(({ from, until }) => ({ from: exactly(from), to: exactly(until) })) ?? null,
  filesWithoutFacts: one.withoutFacts
})

/** One JSON document. Offsets are from `from` to before `to`; what is not known is null. */
export const listingJson = (
  archive: string,
  prefix: string,
  topics: ReadonlyArray<TopicSummary>
): string => {
  const document = {
    archive,
    prefix,
    topics: topics.map((each) => ({
      topic: each.topic,
      generation: each.topicId ?? "first",
      branches: each.branches,
      otherObjects: each.strange,
      partitions: each.partitions.map(partitionJson)
    }))
  }
  return `${JSON.stringify(document, undefined, 2)}\n`
}
