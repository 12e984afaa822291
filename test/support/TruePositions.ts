/** Where a group's position belongs, worked out from what Kafka's own client reads. */
import type { Random } from "../../dev/data/Random.ts"
import type { TrueOffsets, TrueRecord } from "../../dev/truth/Truth.ts"

/** The first header of a restored record; `undefined` for a record of somebody else. */
export const sourceOffsetOf = ({ headers }: TrueRecord): number | undefined => {
  const [name, value] = headers[0] ?? ["", null]
  return name === "restore.source-offset" && value !== null
    ? Number(Buffer.from(value, "hex").toString())
    : undefined
}

/** Offsets worth trying: at both ends, at records, behind them, in gaps, and beyond the end. */
export const placesIn = (
  random: Random,
  records: ReadonlyArray<TrueRecord>,
  { earliest, latest, stable }: TrueOffsets
): readonly [number, ...ReadonlyArray<number>] => {
  const some = Array.from({ length: 3 }, () => records[random.integer(records.length || 1)])
    .flatMap((record) => record === undefined ? [] : [record.offset, record.offset + 1])
  const gaps = records.flatMap(({ offset }, at) => {
    const next = records[at + 1]?.offset ?? offset
    return next > offset + 1 ? [offset + 1, next - 1] : []
  })
  const inGap = gaps.length === 0 ? [] : [gaps[random.integer(gaps.length)] ?? 0]
  return [0, earliest, stable, latest, latest + 7, ...some, ...inGap, ...inGap]
}

/**
 * The position of the first restored record at or after the committed one; the start of the
 * partition for what lies before all of them; behind the last for what lies after.
 */
export const restoredPosition = (
  records: ReadonlyArray<TrueRecord>,
  log: TrueOffsets | undefined,
  committed: number
): number => {
  const restored = records.flatMap((record) => {
    const source = sourceOffsetOf(record)
    return source === undefined ? [] : [{ source, offset: record.offset }]
  })
  const [first] = restored
  const last = restored.at(-1)
  if (first === undefined || last === undefined) return log?.earliest ?? 0
  if (committed < first.source) return log?.earliest ?? 0
  const found = restored.find(({ source }) => source >= committed)
  if (found !== undefined) return found.offset
  const followed = records.some(({ offset }) => offset > last.offset)
  return followed ? last.offset + 1 : log?.stable ?? 0
}
