/** Whether restored topics hold what their source topics held: each record once, in order. */
import type { TrueRecord } from "./Truth.ts"

const sourceOffsetHeader = "restore.source-offset"

const asciiHex = (text: string): string => Buffer.from(text, "ascii").toString("hex")

const byPartition = (records: ReadonlyArray<TrueRecord>, prefix: string) => {
  const partitions = new Map<string, Array<TrueRecord>>()
  for (const record of records) {
    const name = `${prefix}${record.topic}/${record.partition}`
    const list = partitions.get(name) ?? []
    partitions.set(name, list)
    list.push(record)
  }
  return partitions
}

/** What a record is expected to be after its way back. */
const expected = ({ headers, key, offset, timestamp, value }: TrueRecord): string =>
  JSON.stringify({
    key,
    value,
    timestamp,
    headers: [[sourceOffsetHeader, asciiHex(String(offset))], ...headers]
  })

const actual = ({ headers, key, timestamp, value }: TrueRecord): string =>
  JSON.stringify({ key, value, timestamp, headers })

/**
 * One sentence per difference; nothing if all is well. `topicPrefix` is what the restore put in
 * front of the names of the topics.
 */
export const compareRestored = (
  source: ReadonlyArray<TrueRecord>,
  restored: ReadonlyArray<TrueRecord>,
  topicPrefix = ""
): ReadonlyArray<string> => {
  const wanted = byPartition(source, topicPrefix)
  const found = byPartition(restored, "")
  const differences: Array<string> = []
  for (const [name, records] of wanted) {
    const back = found.get(name) ?? []
    if (back.length !== records.length) {
      differences.push(`${name}: ${records.length} records before, ${back.length} after`)
    }
    records.forEach((record, at) => {
      const other = back[at]
      if (other === undefined || actual(other) === expected(record)) return
      const place = `${name}: offset ${record.offset} became offset ${other.offset}`
      differences.push(`${place}: ${expected(record)} is now ${actual(other)}`)
    })
  }
  for (const [name, records] of found) {
    if (!wanted.has(name)) differences.push(`${name}: ${records.length} records from nowhere`)
  }
  return differences
}
