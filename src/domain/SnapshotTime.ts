/** Times of snapshots as text: in the keys of the history, and as users give them. */

/** ISO 8601 in the basic format, UTC, milliseconds: `20261122T200500.123Z`. Sorts as time does. */
export const formatSnapshotTime = (timeMs: number): string =>
  new Date(timeMs).toISOString().replaceAll(/[-:]/g, "")

const date = /(?<year>\d{4})-?(?<month>\d\d)-?(?<day>\d\d)/
const time = /(?<hour>\d\d):?(?<minute>\d\d)(?::?(?<second>\d\d)(?:\.(?<fraction>\d+))?)?/
const zone = /Z|(?<sign>[+-])(?<zoneHour>[01]\d|2[0-3])(?::?(?<zoneMinute>[0-5]\d))?/
const instant = new RegExp(`^${date.source}(?:T${time.source}(?:${zone.source})?)?$`)

/**
 * Milliseconds since the epoch; `undefined` when the text is no time. Reads ISO 8601, basic or
 * extended: `20261122T200500.123Z`, `2026-11-22T20:05:00Z`, `2026-11-22T20:05`, with an offset as
 * in `2026-11-22T21:05+01:00`. Without a zone it is UTC; a date alone is its first instant. What
 * is finer than a millisecond is cut off.
 */
export const parseSnapshotTime = (text: string): number | undefined => {
  const parts = instant.exec(text)?.groups
  if (parts === undefined) return undefined
  const { day, fraction = "", hour = "00", minute = "00", month, second = "00", year } = parts
  const milliseconds = fraction.slice(0, 3).padEnd(3, "0")
  const utc = `${year}-${month}-${day}T${hour}:${minute}:${second}.${milliseconds}Z`
  const timeMs = Date.parse(utc)
  // A day or an hour that does not exist would be taken as the next one.
  if (Number.isNaN(timeMs) || new Date(timeMs).toISOString() !== utc) return undefined
  const { sign, zoneHour = "00", zoneMinute = "00" } = parts
  const offsetMs = (Number(zoneHour) * 60 + Number(zoneMinute)) * 60_000
  return sign === "-" ? timeMs + offsetMs : timeMs - offsetMs
}
