/** How far a run with `once` is: offsets taken in, of those up to the end of each partition. */
import type { Extent } from "../../services/Progress.ts"
import type { OwnedPartitions } from "./OwnedPartition.ts"
import type { Partitions } from "./Partitions.ts"

const least = (a: bigint, b: bigint): bigint => a < b ? a : b

/** Complete when all partitions of this member are open, or have failed for good. */
export const onceExtent = (
  owned: OwnedPartitions,
  { givenUp, started }: Pick<Partitions, "givenUp" | "started">,
  assigned: () => boolean
): Extent => ({
  topics: Array.from(owned.values(), ({ end, logStartOffset, start, topic, writer }) => {
    // Retention may have removed all that was wanted.
    const position = logStartOffset >= end ? end : least(end, writer.position())
    return {
      topic,
      done: Number(position - least(start, position)),
      earlier: 0,
      total: Number(end - least(start, end))
    }
  }),
  complete: assigned() &&
    [...started].every((name) => owned.has(name) || givenUp.has(name))
})
