/** What the log of each topic has behind what is archived, in a sentence. */
import type { Finding } from "./Finding.ts"
import type { LivePartition } from "./LivePartition.ts"

/** Partitions that one sentence names. */
const partitionsShown = 3

/** A warning for each topic that has any; a backup that goes on is always a little behind. */
export const unarchivedIn = (live: ReadonlyArray<LivePartition>): ReadonlyArray<Finding> => {
  const topics = new Map<string, Array<LivePartition>>()
  for (const one of live) {
    if (one.unarchivedFrom >= one.unarchivedUntil) continue
    topics.set(one.topic, [...(topics.get(one.topic) ?? []), one])
  }
  return [...topics].map(([topic, partitions]) => {
    const offsets = partitions.reduce(
      (sum, { unarchivedFrom, unarchivedUntil }) => sum + unarchivedUntil - unarchivedFrom,
      0n
    )
    const named = partitions.toSorted((one, other) => one.partition - other.partition)
      .slice(0, partitionsShown)
      .map(({ partition, unarchivedFrom }) => `partition ${partition} from ${unarchivedFrom} on`)
    const more = partitions.length > partitionsShown
      ? ` and ${partitions.length - partitionsShown} more`
      : ""
    return {
      severity: "warning",
      kind: "unarchived",
      topic,
      partition: undefined,
      key: undefined,
      message: `${offsets} offsets of the log are not archived yet: ${named.join(", ")}${more}`
    }
  })
}
