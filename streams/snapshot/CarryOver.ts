/** Keeps the positions of groups that could not be read this time, from the snapshot before. */
import type { GroupPositions } from "../../src/domain/GroupSnapshot.ts"
import type { Collected } from "./Collect.ts"

export const isComplete = ({ failed, unanswered }: Collected): boolean =>
  failed.length === 0 && unanswered.length === 0

/** Groups of the snapshot before whose positions are missing in this one. */
const missing = (
  collected: Collected,
  before: ReadonlyArray<GroupPositions>
): ReadonlyArray<GroupPositions> => {
  const failed = new Set(collected.failed.map(({ groupId }) => groupId))
  if (collected.unanswered.length === 0) return before.filter(({ groupId }) => failed.has(groupId))
  // A group that nobody listed may be one of the silent broker's.
  const answered = new Set([
    ...collected.groups.map(({ groupId }) => groupId),
    ...collected.shareGroups
  ])
  return before.filter(({ groupId }) => !answered.has(groupId))
}

export interface CarriedOver {
  /** In name order. */
  readonly groups: ReadonlyArray<GroupPositions>
  /** Number of groups that failed, or that only the snapshot before knows. */
  readonly failed: number
}

/** `groups`: those of the snapshot as they are to be stored. A complete one carries nothing over. */
export const carryOver = (
  collected: Collected,
  groups: ReadonlyArray<GroupPositions>,
  before: ReadonlyArray<GroupPositions>
): CarriedOver => {
  if (isComplete(collected)) return { groups, failed: 0 }
  const carried = missing(collected, before)
  const failed = new Set([...collected.failed, ...carried].map(({ groupId }) => groupId))
  return {
    groups: [...groups, ...carried].sort((one, other) => one.groupId < other.groupId ? -1 : 1),
    failed: failed.size
  }
}

const namesAtMost = 20

/** So many of the names, and how many more there are. */
const some = (names: ReadonlyArray<string>): string =>
  names.length <= namesAtMost
    ? names.join(", ")
    : `${names.slice(0, namesAtMost).join(", ")} and ${names.length - namesAtMost} more`

/** Names what is missing, for whoever reads the log; empty when nothing is. */
export const describeMissing = ({ failed, unanswered }: Collected): string =>
  [
    ...(failed.length === 0
      ? []
      : [
        `groups not read: ${
          some(failed.map(({ error, groupId }) => `${groupId} (${error.reason})`))
        }`
      ]),
    ...(unanswered.length === 0
      ? []
      : [
        `brokers without an answer: ${
          some(unanswered.map(({ broker, error }) => `${broker} (${error.reason})`))
        }`
      ])
  ].join("; ")
