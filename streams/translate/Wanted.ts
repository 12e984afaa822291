/** Which positions of a snapshot are to be restored, and under which names. */
import type { CommittedPosition, GroupPositions } from "../../src/domain/GroupSnapshot.ts"
import { isChosen, targetTopic } from "../../src/domain/RestoreChoice.ts"
import type { RestoreGroupsOptions } from "../../src/domain/Settings.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"

/** One position of one group. */
export interface Wanted {
  readonly group: WantedGroup
  readonly source: TopicPartition
  readonly target: TopicPartition
  readonly committed: CommittedPosition
}

export interface WantedGroup {
  readonly source: string
  /** Its name in the target. */
  readonly target: string
}

export interface Selection {
  /** In the order of the snapshot. */
  readonly positions: ReadonlyArray<Wanted>
  /** Names in the source that the expressions leave out, each once. */
  readonly groupsLeftOut: ReadonlyArray<string>
  readonly topicsLeftOut: ReadonlyArray<string>
  /** Of topics that are not left out, but not chosen whole. */
  readonly partitionsLeftOut: ReadonlyArray<string>
  /** Groups that are asked for but have committed nothing. */
  readonly groupsWithoutPositions: ReadonlyArray<string>
}

type Naming = Pick<
  RestoreGroupsOptions,
  "groupsPrefix" | "topicsPrefix" | "includeGroups" | "excludeGroups" | "excludeTopics" | "choice"
>

const positionsOf = (
  group: WantedGroup,
  { topics }: GroupPositions,
  options: Naming
): ReadonlyArray<Wanted> =>
  topics.flatMap(({ partitions, topic }) => {
    if (options.excludeTopics(topic)) return []
    const { choice, topicsPrefix: topicPrefix } = options
    const target = targetTopic({ choice, topicPrefix }, topic)
    const chosen = partitions.filter(({ partition }) => isChosen(choice, { topic, partition }))
    return chosen.map((committed) => ({
      group,
      source: { topic, partition: committed.partition },
      target: { topic: target, partition: committed.partition },
      committed
    }))
  })

const partitionsLeftOut = (
  groups: ReadonlyArray<GroupPositions>,
  { choice, excludeTopics }: Naming
): ReadonlyArray<string> => {
  const names = groups.flatMap(({ topics }) =>
    topics.flatMap(({ partitions, topic }) =>
      excludeTopics(topic) ? [] : partitions
        .filter(({ partition }) => !isChosen(choice, { topic, partition }))
        .map(({ partition }) => topicPartitionName({ topic, partition }))
    )
  )
  return [...new Set(names)]
}

/** Chooses by the names in the source. */
export const select = (groups: ReadonlyArray<GroupPositions>, options: Naming): Selection => {
  const { excludeGroups, excludeTopics, groupsPrefix, includeGroups } = options
  const chosen = groups.filter(({ groupId }) => includeGroups(groupId) && !excludeGroups(groupId))
  const kept = new Set(chosen)
  const topics = new Set(chosen.flatMap((group) => group.topics.map(({ topic }) => topic)))
  return {
    positions: chosen.flatMap((group) => {
      const names = { source: group.groupId, target: `${groupsPrefix}${group.groupId}` }
      return positionsOf(names, group, options)
    }),
    groupsLeftOut: groups.filter((group) => !kept.has(group)).map(({ groupId }) => groupId),
    topicsLeftOut: [...topics].filter(excludeTopics),
    partitionsLeftOut: partitionsLeftOut(chosen, options),
    groupsWithoutPositions: chosen
      .filter((group) => group.topics.every(({ partitions }) => partitions.length === 0))
      .map(({ groupId }) => groupId)
  }
}
