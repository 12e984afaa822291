/** Which columns there is room for in a line of progress, and how wide each of them is. */
import type { Pace } from "./ProgressRates.ts"
import { isDone } from "./ProgressRates.ts"
import { byteShare, byteSize, timeSpan } from "./Table.ts"

export interface Aim {
  /** In which steps the pipeline says where the end is; `undefined`: it does not. */
  readonly steps: "bytes" | "files" | "offsets" | undefined
  /** What becomes of topics, such as `restored`. */
  readonly doing: string
}

export type Steps = Aim["steps"]

export interface ProgressColumn {
  readonly title: string
  readonly of: (pace: Pace) => string
  /** Columns that it takes at least, so that a changing number moves nothing. */
  readonly least: number
  /** The highest ones go first when there is no room. */
  readonly rank: number
}

export const percentOf = ({ done, total }: Pace): number | undefined =>
  total === undefined ? undefined : total === 0 ? 100 : Math.floor(Math.min(1, done / total) * 100)

const percentText = (pace: Pace): string => {
  const percent = percentOf(pace)
  return percent === undefined ? "" : `${percent}%`
}

const leftText = (pace: Pace): string => {
  if (pace.secondsLeft !== undefined) return timeSpan(Math.max(1, pace.secondsLeft))
  return isDone(pace) ? "done" : ""
}

const done: ProgressColumn = { title: "DONE", of: percentText, least: 4, rank: 1 }
const left: ProgressColumn = { title: "ETA", of: leftText, least: 6, rank: 3 }
const files: ProgressColumn = {
  title: "FILES",
  of: (pace) => pace.total === undefined ? "" : `${pace.done}/${pace.total}`,
  least: 7,
  rank: 7
}
const bytes: ProgressColumn = {
  title: "BYTES",
  of: (pace) => byteSize(pace.bytes),
  least: 10,
  rank: 6
}
const share: ProgressColumn = {
  ...bytes,
  of: (pace) => pace.total === undefined ? byteSize(pace.done) : byteShare(pace.done, pace.total)
}
const records: ProgressColumn = {
  title: "RECORDS",
  of: (pace) => String(pace.records),
  least: 7,
  rank: 8
}
const recordRate: ProgressColumn = {
  title: "RECORDS/S",
  of: (pace) => String(Math.round(pace.recordsPerSecond)),
  least: 9,
  rank: 5
}
const byteRate: ProgressColumn = {
  title: "SPEED",
  of: (pace) => `${byteSize(pace.bytesPerSecond)}/s`,
  least: 12,
  rank: 2
}

/** The bar stands behind the first one; it has a rank too. */
export const barRank = 4

/** Those that have something to say of these, from left to right. */
export const columnsFor = (
  steps: Steps,
  paces: ReadonlyArray<Pace>
): ReadonlyArray<ProgressColumn> => {
  const ends = paces.some(({ total }) => total !== undefined)
  const hasBytes = paces.some((pace) => pace.bytes > 0)
  return [
    ...(ends ? [done] : []),
    ...(ends && steps === "files" ? [files] : []),
    ...(hasBytes ? [steps === "bytes" ? share : bytes] : []),
    records,
    recordRate,
    ...(hasBytes ? [byteRate] : []),
    ...(ends ? [left] : [])
  ]
}

export const gap = 2

export interface Layout {
  readonly name: number
  /** 0: none. */
  readonly bar: number
  readonly columns: ReadonlyArray<ProgressColumn & { readonly width: number }>
}

const leastBar = 6
const goodBar = 12
const mostBar = 30

/** `width`: of a whole line. `names`: columns that the names take, at least and at best. */
export const layoutOf = (
  columns: ReadonlyArray<ProgressColumn>,
  paces: ReadonlyArray<Pace>,
  width: number,
  names: { readonly least: number; readonly best: number }
): Layout => {
  let kept = columns.map((column) => ({
    ...column,
    width: paces.reduce(
      (most, pace) => Math.max(most, column.of(pace).length),
      Math.max(column.least, column.title.length)
    )
  }))
  let bar = columns.includes(done) ? leastBar : 0
  const room = () =>
    width - names.least - (bar === 0 ? 0 : gap + bar) -
    kept.reduce((sum, column) => sum + gap + column.width, 0)
  while (room() < 0 && kept.length > 0) {
    const worst = Math.max(...kept.map(({ rank }) => rank))
    if (bar > 0 && worst < barRank) bar = 0
    else kept = kept.filter(({ rank }) => rank !== worst)
  }
  const take = (most: number): number => Math.max(0, Math.min(most, room()))
  if (bar > 0) bar += take(goodBar - bar)
  const name = names.least + take(names.best - names.least)
  const rest = width - name - kept.reduce((sum, column) => sum + gap + column.width, 0) - gap
  return { name, bar: bar === 0 ? 0 : Math.max(bar, Math.min(mostBar, rest)), columns: kept }
}
