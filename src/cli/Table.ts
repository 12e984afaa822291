/** Tables and documents for stdout: what the reports of all commands have in common. */

export interface Column<Row> {
  readonly title: string
  readonly of: (row: Row) => string
  readonly align: "left" | "right"
}

/** Aligned columns under a line of titles. */
export const tableLines = <Row>(
  columns: ReadonlyArray<Column<Row>>,
  rows: ReadonlyArray<Row>
): ReadonlyArray<string> => {
  const texts = rows.map((row) => columns.map(({ of }) => of(row)))
  const widths = columns.map(({ title }, at) =>
    texts.reduce((width, row) => Math.max(width, row[at]?.length ?? 0), title.length)
  )
  const line = (cells: ReadonlyArray<string>): string =>
    cells.map((cell, at) =>
      columns[at]?.align === "right" ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)
    ).join("  ").trimEnd()
  return [columns.map(({ title }) => title), ...texts].map(line)
}

/** Names may hold anything; a line must stay a line, and a column one word. */
export const word = (name: string): string =>
  name === "" || /[\p{Cc}\s"]/u.test(name) ? JSON.stringify(name) : name

/** A dash where nothing is known. */
export const orDash = (value: bigint | number | string | undefined): string =>
  value === undefined ? "-" : String(value)

const units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"]

const powerOf = (bytes: number): number =>
  Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10))

const inUnit = (bytes: number, power: number): string =>
  (bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)

export const byteSize = (bytes: number): string => {
  const power = powerOf(bytes)
  return `${inUnit(bytes, power)} ${units[power]}`
}

/** `1.2 of 3.4 GiB` */
export const byteShare = (bytes: number, total: number): string => {
  const power = powerOf(total)
  return `${inUnit(bytes, power)} of ${inUnit(total, power)} ${units[power]}`
}

/** `45s`, `2m03s`, `1h02m`, `3d04h` */
export const timeSpan = (seconds: number): string => {
  const whole = Math.round(seconds)
  const two = (number: number) => String(Math.floor(number)).padStart(2, "0")
  if (whole < 60) return `${whole}s`
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`
  if (whole < 86_400) return `${Math.floor(whole / 3600)}h${two(whole % 3600 / 60)}m`
  return `${Math.floor(whole / 86_400)}d${two(whole % 86_400 / 3600)}h`
}

export const counted = (number: number, noun: string): string =>
  `${number} ${noun}${number === 1 ? "" : "s"}`

/** For JSON: a number, text where a number would not be exact, null where nothing is known. */
export const exactly = (value: bigint | undefined): number | string | null => {
  if (value === undefined) return null
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : String(value)
}

/** RFC 3339 in UTC; `undefined` for what is no time, as for records without a timestamp. */
export const timeText = (timestampMs: bigint | undefined): string | undefined => {
  if (timestampMs === undefined || timestampMs < 0n) return undefined
  const date = new Date(Number(timestampMs))
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}
