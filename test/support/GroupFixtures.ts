/** The snapshot that the original program wrote, and what an independent reader found in it. */
import type { Buffer } from "node:buffer"
import { readFileSync } from "node:fs"
import { mergeGroups } from "../../src/codec/MergeGroups.ts"
import type { GroupPositions } from "../../src/domain/GroupSnapshot.ts"

const root = new URL("../fixtures/", import.meta.url)

export const groupFixtureBytes = (): Buffer => readFileSync(new URL("consumer-groups.avro", root))

interface FixtureGroup {
  readonly group_id: string
  readonly topics: ReadonlyArray<{
    readonly topic: string
    readonly partitions: ReadonlyArray<{
      readonly partition: number
      readonly offset: number
      readonly leader_epoch: number | null
      readonly metadata: string | null
    }>
  }>
}

const parseLine = (line: string): FixtureGroup => JSON.parse(line)

/** Everything in the order of snapshots, which the file does not keep. */
export const fixtureGroups: ReadonlyArray<GroupPositions> = mergeGroups(
  readFileSync(new URL("consumer-groups.jsonl", root), "utf8").trim().split("\n").map(parseLine)
    .map(({ group_id, topics }) => ({
      groupId: group_id,
      topics: topics.map(({ partitions, topic }) => ({
        topic,
        partitions: partitions.map(({ leader_epoch, metadata, offset, partition }) => ({
          partition,
          offset: BigInt(offset),
          leaderEpoch: leader_epoch,
          metadata
        }))
      }))
    }))
)
