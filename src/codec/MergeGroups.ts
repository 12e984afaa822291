/** Puts positions in the order of snapshots: a group or topic that comes twice becomes one. */
import type { CommittedPosition, GroupPositions, TopicPositions } from "../domain/GroupSnapshot.ts"
import { corrupt } from "./CodecError.ts"

const entriesByName = <A>(all: ReadonlyMap<string, A>): ReadonlyArray<readonly [string, A]> =>
  [...all].sort(([one], [other]) => one < other ? -1 : 1)

/** The items of each name. */
const gather = <A, B>(
  all: ReadonlyArray<A>,
  nameOf: (element: A) => string,
  itemsOf: (element: A) => ReadonlyArray<B>
): ReadonlyArray<readonly [string, ReadonlyArray<B>]> => {
  const found = new Map<string, ReadonlyArray<B>>()
  for (const element of all) {
    const name = nameOf(element)
    const before = found.get(name)
    found.set(name, before === undefined ? itemsOf(element) : [...before, ...itemsOf(element)])
  }
  return entriesByName(found)
}

const sortPartitions = (
  place: string,
  positions: ReadonlyArray<CommittedPosition>
): ReadonlyArray<CommittedPosition> => {
  const sorted = [...positions].sort((one, other) => one.partition - other.partition)
  sorted.forEach(({ offset, partition }, index) => {
    if (!Number.isInteger(partition) || partition < 0) {
      throw corrupt(`${place} has a position in partition ${partition}`)
    }
    if (offset < 0n) throw corrupt(`${place}/${partition} has the offset ${offset}`)
    if (sorted[index - 1]?.partition === partition) {
      throw corrupt(`${place}/${partition} has two positions`)
    }
  })
  return sorted
}

/**
 * Every group, topic and partition once, groups and topics in name order, partitions by number.
 * Throws `CodecError` Corrupt, naming it, for a partition with two positions, and for a negative
 * partition or offset.
 */
export const mergeGroups = (
  groups: ReadonlyArray<GroupPositions>
): ReadonlyArray<GroupPositions> =>
  gather(groups, ({ groupId }) => groupId, ({ topics }) => topics).map(([groupId, topics]) => ({
    groupId,
    topics: gather<TopicPositions, CommittedPosition>(
      topics,
      ({ topic }) => topic,
      ({ partitions }) => partitions
    ).map(([topic, partitions]) => ({
      topic,
      partitions: sortPartitions(`group ${groupId}: ${topic}`, partitions)
    }))
  }))
