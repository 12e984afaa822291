/** Durations as Go's `time.ParseDuration` reads them: `1h30m`, `500ms`, `1.5s`, `0`. */

/** Milliseconds per unit. */
const units: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  "\u00b5s": 1e-3, // micro sign
  "\u03bcs": 1e-3, // Greek mu
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000
}

const part = /(\d+\.?\d*|\.\d+)([a-z\u00b5\u03bc]+)/y

/** Go holds a duration in an int64 of nanoseconds, about 292 years. */
const maxMs = 9_223_372_036_854.775

/** Milliseconds, or `undefined` when the text is not a duration. */
export const parseGoDuration = (text: string): number | undefined => {
  const negative = text.startsWith("-")
  const rest = negative || text.startsWith("+") ? text.slice(1) : text
  if (rest === "0") return 0
  let total = 0
  let at = 0
  while (at < rest.length) {
    part.lastIndex = at
    const match = part.exec(rest)
    const unit = match === null ? undefined : units[match[2] ?? ""]
    if (match === null || unit === undefined) return undefined
    total += Number(match[1]) * unit
    at = part.lastIndex
  }
  if (at === 0 || total > maxMs) return undefined
  return negative ? -total : total
}
