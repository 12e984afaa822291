/** Plain output for people: bold headings and dim details, without colours when not wanted. */

const coloured = process.stdout.isTTY && !process.env["NO_COLOR"]
const style = (code: number) => (text: string): string =>
  coloured ? `\u001b[${code}m${text}\u001b[0m` : text

export const bold = style(1)
export const dim = style(2)
export const green = style(32)
export const red = style(31)
export const cyan = style(36)

export const say = (text: string): void => {
  process.stdout.write(`${text}\n`)
}

let steps = 0

/** A numbered heading. */
export const step = (text: string): void => say(`\n${bold(`${++steps}. ${text}`)}`)

/** A command as it could be typed. */
export const shown = (command: string): void => say(cyan(`$ ${command}`))

export const megabytes = (bytes: number): string =>
  bytes < 100_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

/** Columns as wide as they need; the first to the left, the others to the right. */
export const table = (rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = (rows[0] ?? []).map((_, at) =>
    Math.max(...rows.map((row) => row[at]?.length ?? 0))
  )
  const cell = (text: string, at: number): string => {
    const width = widths[at] ?? 0
    return at === 0 ? text.padEnd(width) : text.padStart(width)
  }
  return rows.map((row) => `  ${row.map(cell).join("  ")}`).join("\n")
}
