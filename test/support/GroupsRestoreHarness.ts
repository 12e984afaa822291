/** A snapshot and restored topics in memory, and the restore of groups over them. */
import { Chunk, Effect, Stream } from "effect"
import { archiveKey } from "../../src/domain/ArchiveKey.ts"
import type { GroupPositions, SnapshotFacts } from "../../src/domain/GroupSnapshot.ts"
import { everything } from "../../src/domain/RestoreChoice.ts"
import type { RestoreGroupsOptions } from "../../src/domain/Settings.ts"
import type { PositionOutcome } from "../../src/domain/Translation.ts"
import { restoreGroups } from "../../streams/RestoreGroups.ts"
import { writeMain } from "../../streams/snapshot/SnapshotStore.ts"
import { buildBatch, plainRecord } from "./Batches.ts"
import { passingTime } from "./GroupsHarness.ts"
import * as KafkaMemory from "./KafkaMemory.ts"
import { fileBytes, putObject, recordsFrom } from "./RestoreHarness.ts"

export const location = "groups.avro"

export const prefix = "restored."

export const restoreGroupsOptions = (
  changes: Partial<RestoreGroupsOptions> = {}
): RestoreGroupsOptions => ({
  location,
  snapshot: { kind: "main" },
  groupsPrefix: "",
  topicsPrefix: prefix,
  includeGroups: () => true,
  excludeGroups: () => false,
  excludeTopics: () => false,
  choice: everything,
  archivePrefix: undefined,
  plan: undefined,
  onAhead: "wait",
  onMissingTopic: "skip",
  loopIntervalMs: 60_000,
  dryRun: false,
  once: true,
  ...changes
})

/** `topic-partition` of the source, and the committed offset, perhaps with metadata. */
export type Committed = Readonly<Record<string, number | readonly [number, string]>>

/** Groups and what they have committed, as in `{ billing: { "orders-0": 12 } }`. */
export const snapshotGroups = (
  groups: Readonly<Record<string, Committed>>
): ReadonlyArray<GroupPositions> =>
  Object.entries(groups).map(([groupId, committed]) => {
    const topics = new Map<string, GroupPositions["topics"][number]["partitions"]>()
    for (const [name, value] of Object.entries(committed)) {
      const dash = name.lastIndexOf("-")
      const [offset, metadata] = typeof value === "number" ? [value, null] : value
      const position = {
        partition: Number(name.slice(dash + 1)),
        offset: BigInt(offset),
        leaderEpoch: 7,
        metadata
      }
      const topic = name.slice(0, dash)
      topics.set(topic, [...(topics.get(topic) ?? []), position])
    }
    return {
      groupId,
      topics: Array.from(topics, ([topic, partitions]) => ({ topic, partitions }))
    }
  })

export const putSnapshot = (
  groups: Readonly<Record<string, Committed>>,
  facts?: SnapshotFacts
) => writeMain(location, { facts, groups: snapshotGroups(groups) })

const header = Buffer.from("restore.source-offset")

/** Records as the restore writes them, one batch, with these source offsets. */
export const putRestored = (topic: string, partition: number, sources: ReadonlyArray<number>) =>
  Effect.map(KafkaMemory.Cluster, (cluster) => {
    const records = sources.map((source, offsetDelta) =>
      plainRecord({ offsetDelta, headers: [[header, Buffer.from(String(source))]] })
    )
    cluster.append({ topic: `${prefix}${topic}`, partition }, buildBatch(records))
  })

export const createRestored = (topic: string, partitions = 1) =>
  Effect.map(KafkaMemory.Cluster, ({ topics }) => {
    topics.create(`${prefix}${topic}`, partitions)
  })

/** A topic with one partition that holds these source offsets. */
export const restoredTopic = (topic: string, sources: ReadonlyArray<number>) =>
  Effect.zipRight(createRestored(topic), putRestored(topic, 0, sources))

/** An archive file with the records of these offsets, from the first to the last. */
export const putArchived = (topic: string, first: number, last: number) =>
  Effect.gen(function*() {
    const source = { topic, partition: 0 }
    const bytes = yield* fileBytes(recordsFrom(source, first, last))
    yield* putObject(archiveKey("archive", source, BigInt(first)), bytes)
  })

/** `group topic-partition source>target status +lag (reason)`, in order. */
export const lineOf = (outcome: PositionOutcome): string => {
  const { group, lag, partition, reason, sourceOffset, status, targetOffset, topic } = outcome
  return `${group} ${topic}-${partition} ${sourceOffset}>${targetOffset ?? "-"} ${status}` +
    `${lag === undefined ? "" : ` +${lag}`}${reason === "" ? "" : ` (${reason})`}`
}

/** The outcomes of one run, as lines, on the real clock. */
export const restoreLinesLive = (changes: Partial<RestoreGroupsOptions> = {}) =>
  Stream.runCollect(restoreGroups(restoreGroupsOptions(changes))).pipe(
    Effect.map((outcomes) => Chunk.toReadonlyArray(outcomes).map(lineOf).toSorted())
  )

/** The outcomes of one run, as lines. */
export const restoreLines = (changes: Partial<RestoreGroupsOptions> = {}) =>
  passingTime(restoreLinesLive(changes))

/** What a group of the target has committed, as `topic-partition=offset metadata`. */
export const committedIn = (group: string) =>
  Effect.map(
    KafkaMemory.Cluster,
    (cluster) =>
      cluster.group(group).offsets.all.map(({ metadata, offset, partition, topic }) =>
        `${topic}-${partition}=${offset}${metadata === "" ? "" : ` ${metadata}`}`
      ).toSorted()
  )

/** A live member, as a consumer that is not stopped; `leave` stops it. */
export const joinAsMember = (groupId: string) =>
  Effect.gen(function*() {
    const cluster = yield* KafkaMemory.Cluster
    const group = cluster.group(groupId)
    const { generation, memberId } = yield* group.join({
      groupId,
      memberId: "",
      sessionTimeoutMs: 3_600_000,
      rebalanceTimeoutMs: 3_600_000,
      protocolType: "consumer",
      protocols: [{ name: "range", metadata: Buffer.alloc(0) }]
    })
    yield* group.sync({ groupId, generation, memberId }, [])
    return { leave: group.leave(memberId) }
  })
