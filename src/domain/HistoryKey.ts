/** Keys of the snapshots that are kept beside a location: `<location>.history/<time>.avro`. */
import { formatSnapshotTime, parseSnapshotTime } from "./SnapshotTime.ts"

const extension = ".avro"

export const historyFolder = (location: string): string => `${location}.history/`

/** `takenAtMs`: milliseconds since the epoch. In key order the oldest is first. */
export const historyKey = (location: string, takenAtMs: number): string =>
  `${historyFolder(location)}${formatSnapshotTime(takenAtMs)}${extension}`

/** The time in such a key, milliseconds since the epoch; `undefined` for any other key. */
export const parseHistoryKey = (location: string, key: string): number | undefined => {
  const time = key.slice(historyFolder(location).length, -extension.length)
  const takenAtMs = parseSnapshotTime(time)
  return takenAtMs !== undefined && historyKey(location, takenAtMs) === key ? takenAtMs : undefined
}
