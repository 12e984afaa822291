/** Progress as lines for a terminal: one for each topic that is worked on, and one in all. */
import type { Aim, Layout, Steps } from "./ProgressColumns.ts"
import { columnsFor, gap, layoutOf, percentOf } from "./ProgressColumns.ts"
import type { Pace, Paces } from "./ProgressRates.ts"
import { isDone } from "./ProgressRates.ts"
import { byteSize, counted, timeSpan } from "./Table.ts"

/** What the terminal is like. */
export interface Look {
  readonly columns: number
  readonly rows: number
  readonly unicode: boolean
  readonly color: boolean
}

const leastName = 10
const bestName = 60

const eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]

const barOf = (share: number, width: number, unicode: boolean): string => {
  const filled = Math.floor(Math.max(0, Math.min(1, share)) * width * 8)
  const whole = Math.floor(filled / 8)
  return unicode
    ? `${"█".repeat(whole)}${eighths[filled % 8]}`.padEnd(width, "░")
    : "#".repeat(whole).padEnd(width, ".")
}

/** Names may hold anything; each character of these takes one column. */
const plain = (name: string): string => name.replaceAll(/[^\x20-\x7e]/gu, "?")

/** Both ends of a long name tell more than one. */
const cut = (text: string, width: number, unicode: boolean): string => {
  if (text.length <= width) return text.padEnd(width)
  const dots = unicode ? "…" : ".."
  const kept = width - dots.length
  const end = Math.floor(kept / 2)
  return `${text.slice(0, kept - end)}${dots}${text.slice(text.length - end)}`
}

/** Select Graphic Rendition. */
const painted = (code: number, text: string, { color }: Look): string =>
  color && text !== "" ? `\u001b[${code}m${text}\u001b[0m` : text
const bold = 1
const dim = 2
const green = 32

const between = " ".repeat(gap)

const lineOf = (name: string, pace: Pace, { bar, columns, name: width }: Layout, look: Look) => {
  const share = pace.total === undefined || pace.total === 0 ? 0 : pace.done / pace.total
  const drawn = pace.total === undefined
    ? " ".repeat(bar)
    : barOf(isDone(pace) ? 1 : share, bar, look.unicode)
  return [
    cut(name, width, look.unicode),
    ...(bar === 0 ? [] : [painted(green, drawn, look)]),
    ...columns.map((column) => column.of(pace).padStart(column.width))
  ].join(between).trimEnd()
}

const titleLine = ({ bar, columns, name }: Layout, look: Look): string =>
  painted(
    dim,
    [
      "TOPIC".padEnd(name),
      ...(bar === 0 ? [] : [" ".repeat(bar)]),
      ...columns.map(({ title, width }) => title.padStart(width))
    ].join(between),
    look
  )

const quota = "held back by the brokers: a quota is set for this client"

const allName = ({ all, topics }: Paces): string =>
  all.total === undefined
    ? `all (${topics.length})`
    : `all (${topics.filter(isDone).length}/${topics.length})`

/** Never wider than the terminal, nor as high. */
export const progressLines = (
  paces: Paces,
  steps: Steps,
  look: Look
): ReadonlyArray<string> => {
  const { all, throttled, topics } = paces
  const tells = throttled && look.rows >= 6
  const open = topics.filter((each) => !isDone(each))
  const active = open.filter(({ moving }) => moving)
  // Titles, what is not shown, the line in all, the cursor's, and one for what else is written.
  const shown = active.slice(0, Math.max(0, look.rows - (tells ? 6 : 5)))
  const hidden = open.length - shown.length
  const name = allName(paces)
  // In the last column some terminals go to the next line.
  const width = look.columns - 1
  const rows = [...shown, all]
  const names = [name, ...shown.map(({ topic }) => topic)]
  const layout = layoutOf(columnsFor(steps, rows), rows, width, {
    least: Math.min(width, Math.max(leastName, name.length)),
    best: Math.min(bestName, Math.max(...names.map(({ length }) => length)))
  })
  return [
    ...(look.rows < 5 ? [] : [titleLine(layout, look)]),
    ...shown.map((pace) => lineOf(plain(pace.topic), pace, layout, look)),
    ...(hidden === 0 || look.rows < 5 ? [] : [painted(dim, `and ${hidden} more`, look)]),
    painted(bold, lineOf(name, all, layout, { ...look, color: false }), look),
    ...(tells ? [painted(dim, quota.slice(0, width), look)] : [])
  ]
}

/** What it came to in the end, however it ended. */
export const lastLine = (
  { all, topics }: Paces,
  { doing }: Pick<Aim, "doing">,
  seconds: number,
  { columns }: Look
): string => {
  const percent = percentOf(all)
  const done = percent === undefined ? "" : `${percent}% of `
  const bytes = all.bytes === 0 ? [] : [byteSize(all.bytes)]
  const amount = [...bytes, counted(all.records, "record")].join(", ")
  const perSecond = (number: number) => seconds < 1 ? number : number / seconds
  const rates = [
    `${Math.round(perSecond(all.records))} records/s`,
    ...(all.bytes === 0 ? [] : [`${byteSize(perSecond(all.bytes))}/s`])
  ].join(", ")
  const short = `${done}${counted(topics.length, "topic")} ${doing}: ${amount} in ${
    timeSpan(seconds)
  }`
  const long = `${short} (${rates})`
  return (long.length < columns ? long : short).slice(0, columns - 1)
}
