/** The report of a restore of consumer groups: a line for each position, as a table or as JSON. */
import type { SnapshotFacts } from "../domain/GroupSnapshot.ts"
import type { PositionOutcome, PositionStatus } from "../domain/Translation.ts"
import type { Column } from "./Table.ts"
import { byteSize, counted, exactly, orDash, tableLines, word } from "./Table.ts"

export interface GroupsReport {
  /** Key of the object, and what it says of itself; snapshots of the Go program say nothing. */
  readonly snapshot: { readonly key: string; readonly facts: SnapshotFacts | undefined }
  readonly positions: ReadonlyArray<PositionOutcome>
  /** Nothing was committed. */
  readonly dryRun: boolean
  /** What the search in the target partitions took. */
  readonly fetches: number
  readonly bytes: number
}

const byName = (one: string, other: string): number => one < other ? -1 : one > other ? 1 : 0

/** By group, topic and partition. */
const inOrder = (positions: ReadonlyArray<PositionOutcome>): ReadonlyArray<PositionOutcome> =>
  positions.toSorted((one, other) =>
    byName(one.group, other.group) || byName(one.topic, other.topic) ||
    one.partition - other.partition
  )

const statuses: ReadonlyArray<PositionStatus> = ["exact", "clamped", "skipped", "failed"]

const counts = (positions: ReadonlyArray<PositionOutcome>) => {
  const of = new Map(statuses.map((status) => [status, 0]))
  for (const { status } of positions) of.set(status, (of.get(status) ?? 0) + 1)
  return [...of]
}

export const countOf = (
  positions: ReadonlyArray<PositionOutcome>,
  status: PositionStatus
): number => positions.filter((position) => position.status === status).length

const takenAt = (facts: SnapshotFacts | undefined): string | undefined =>
  facts === undefined ? undefined : new Date(facts.takenAtMs).toISOString()

// Table

const columns: ReadonlyArray<Column<PositionOutcome>> = [
  { title: "GROUP", of: ({ group }) => word(group), align: "left" },
  { title: "TOPIC", of: ({ topic }) => word(topic), align: "left" },
  { title: "PARTITION", of: ({ partition }) => String(partition), align: "right" },
  { title: "SOURCE", of: ({ sourceOffset }) => orDash(sourceOffset), align: "right" },
  { title: "TARGET", of: ({ targetOffset }) => orDash(targetOffset), align: "right" },
  { title: "STATUS", of: ({ status }) => status, align: "left" },
  { title: "LAG", of: ({ lag }) => orDash(lag), align: "right" },
  { title: "REASON", of: ({ reason }) => reason.replaceAll(/\p{Cc}+/gu, " "), align: "left" }
]

const summary = ({ bytes, dryRun, fetches, positions, snapshot }: GroupsReport): string => {
  const time = takenAt(snapshot.facts)
  const incomplete = snapshot.facts?.complete === false ? ", which is incomplete" : ""
  const search = fetches === 1 ? "1 fetch" : `${fetches} fetches`
  return [
    ...(dryRun ? ["dry run, nothing is committed"] : []),
    `${counted(positions.length, "position")}: ` +
    counts(positions).map(([status, number]) => `${number} ${status}`).join(", "),
    `search: ${search}, ${byteSize(bytes)}`,
    `snapshot: ${snapshot.key}${time === undefined ? "" : ` of ${time}`}${incomplete}`
  ].join("; ")
}

/** Aligned columns under a line of titles, an empty line, and a summary. */
export const groupsTable = (report: GroupsReport): string =>
  [...tableLines(columns, inOrder(report.positions)), "", summary(report), ""].join("\n")

// JSON

/** One JSON document. Unknown values are null. */
export const groupsJson = (report: GroupsReport): string => {
  const { facts, key } = report.snapshot
  const document = {
    snapshot: {
      key,
      takenAt: takenAt(facts) ?? null,
      clusterId: facts?.clusterId ?? null,
      complete: facts?.complete ?? null
    },
    positions: inOrder(report.positions).map((position) => ({
      group: position.group,
      topic: position.topic,
      partition: position.partition,
      sourceOffset: exactly(position.sourceOffset),
      targetOffset: exactly(position.targetOffset),
      status: position.status,
      lag: exactly(position.lag),
      reason: position.reason
    })),
    dryRun: report.dryRun,
    summary: {
      positions: report.positions.length,
      ...Object.fromEntries(counts(report.positions)),
      fetches: report.fetches,
      bytes: report.bytes
    }
  }
  return `${JSON.stringify(document, undefined, 2)}\n`
}
