/** What a restore will do, what is in its way, and what came of it: tables, or one JSON document. */
import type { RestoreStep } from "../../streams/preflight/LookAhead.ts"
import type { Obstacle } from "../../streams/preflight/Preflight.ts"
import type { RestoreSurvey } from "../../streams/RestoreArchive.ts"
import type { Column } from "./Table.ts"
import {
  byteSize,
  counted,
  exactly,
  orDash,
  tableLines,
  timeSpan,
  timeText,
  word
} from "./Table.ts"

/** What has been restored of a topic in this run. */
export interface Restored {
  readonly files: number
  readonly records: number
}

/** What is in the way, and the flag that lets the restore go on; `undefined`: none of those given. */
export interface AnsweredObstacle extends Obstacle {
  readonly answer: string | undefined
}

export interface RestoreReport extends Pick<RestoreSurvey, "steps"> {
  readonly obstacles: ReadonlyArray<AnsweredObstacle>
  /** By target topic; `undefined`: nothing was to be restored. */
  readonly restored: ReadonlyMap<string, Restored> | undefined
  /** Records found the same in archive and targets, by target topic; `undefined`: not compared. */
  readonly compared: ReadonlyMap<string, number> | undefined
}

/** Bytes of archive that two cores restore in a second, as measured in docs/PERFORMANCE.md. */
const archiveBytesPerSecond = 40e6

type Steps = Pick<RestoreSurvey, "steps">

const total = ({ steps }: Steps, figure: "bytes" | "files") =>
  steps.reduce((sum, { source }) => sum + source[figure], 0)

const records = ({ steps }: Steps): number | undefined =>
  steps.reduce<number | undefined>(
    (sum, { source }) =>
      sum === undefined || source.records === undefined ? undefined : sum + source.records,
    0
  )

const columns = ({ compared, restored }: RestoreReport): ReadonlyArray<Column<RestoreStep>> => [
  { title: "TOPIC", of: ({ source }) => word(source.topic), align: "left" },
  { title: "TARGET", of: ({ target }) => word(target), align: "left" },
  { title: "PARTITIONS", of: ({ source }) => String(source.partitions.size), align: "right" },
  { title: "FILES", of: ({ source }) => String(source.files), align: "right" },
  { title: "SIZE", of: ({ source }) => byteSize(source.bytes), align: "right" },
  { title: "RECORDS", of: ({ source }) => orDash(source.records), align: "right" },
  { title: "FROM", of: ({ source }) => orDash(timeText(source.minTimestamp)), align: "left" },
  { title: "TO", of: ({ source }) => orDash(timeText(source.maxTimestamp)), align: "left" },
  ...(restored === undefined ? [] : [
    {
      title: "RESTORED",
      of: ({ target }: RestoreStep) => String(restored.get(target)?.records ?? 0),
      align: "right"
    } as const
  ]),
  ...(compared === undefined ? [] : [
    {
      title: "COMPARED",
      of: ({ target }: RestoreStep) => orDash(compared.get(target)),
      align: "right"
    } as const
  ])
]

const obstacleColumns: ReadonlyArray<Column<AnsweredObstacle>> = [
  { title: "IN THE WAY", of: ({ kind }) => kind, align: "left" },
  { title: "TARGET", of: ({ topic }) => word(topic), align: "left" },
  { title: "PROBLEM", of: ({ problem }) => problem, align: "left" },
  {
    title: "REMEDY",
    of: ({ answer, remedy }) => answer === undefined ? remedy : `goes on with ${answer}`,
    align: "left"
  }
]

const summaryOf = (report: RestoreReport): string => {
  const restored = report.restored && [...report.restored.values()]
    .reduce((sum, each) => sum + each.records, 0)
  return [
    counted(report.steps.length, "topic"),
    counted(total(report, "files"), "file"),
    byteSize(total(report, "bytes")),
    ...(records(report) === undefined ? [] : [counted(records(report) ?? 0, "record")]),
    restored === undefined
      ? `about ${timeSpan(total(report, "bytes") / archiveBytesPerSecond)} on two cores`
      : `${counted(restored, "record")} restored in this run`
  ].join(", ")
}

/** Topics, what is in the way when there is anything, and a summary. */
export const restoreTable = (report: RestoreReport): string =>
  [
    ...tableLines(columns(report), report.steps),
    "",
    ...(report.obstacles.length === 0
      ? []
      : [...tableLines(obstacleColumns, report.obstacles), ""]),
    summaryOf(report)
  ].join("\n") + "\n"

export const restoreJson = (report: RestoreReport): string =>
  JSON.stringify(
    {
      topics: report.steps.map(({ source, target }) => ({
        topic: source.topic,
        target,
        partitions: source.partitions.size,
        partitionCount: source.partitionCount,
        files: source.files,
        bytes: source.bytes,
        records: source.records ?? null,
        minTimestamp: exactly(source.minTimestamp),
        maxTimestamp: exactly(source.maxTimestamp),
        restored: report.restored?.get(target)?.records ?? null,
        compared: report.compared?.get(target) ?? null
      })),
      obstacles: report.obstacles.map(({ answer = null, ...obstacle }) => (
        { ...obstacle, answer }
      ))
    },
    null,
    2
  ) + "\n"
