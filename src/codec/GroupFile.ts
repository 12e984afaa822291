/** Files of consumer group positions: Avro object containers, one record for each group. */
import { Effect } from "effect"
import { Buffer } from "node:buffer"
import type { GroupPositions, GroupSnapshot, TopicPositions } from "../domain/GroupSnapshot.ts"
import { countPositions } from "../domain/GroupSnapshot.ts"
import { AvroWriter } from "./AvroWriter.ts"
import type { CodecError } from "./CodecError.ts"
import { corrupt } from "./CodecError.ts"
import { codecFailure, compress } from "./Compression.ts"
import { frameBlock, newSync, zstandardHeader } from "./ContainerWriter.ts"
import { groupFactsToContainer } from "./GroupFacts.ts"

const recordOf = (name: string, fields: ReadonlyArray<object>) => ({
  name: `github.utilitywarehouse.kafka_backup_restore.${name}`,
  type: "record",
  fields
})

/** `extra`: what the two fields that may be missing have besides. */
const schemaOf = (extra: object) =>
  JSON.stringify(recordOf("ConsumerGroupOffsets", [
    { name: "group_id", type: "string" },
    {
      name: "topics",
      type: {
        type: "array",
        items: recordOf("TopicOffset", [
          { name: "topic", type: "string" },
          {
            name: "partitions",
            type: {
              type: "array",
              items: recordOf("PartitionOffset", [
                { name: "partition", type: "int" },
                { name: "offset", type: "long" },
                { name: "leader_epoch", type: ["null", "int"], ...extra },
                { name: "metadata", type: ["null", "string"], ...extra }
              ])
            }
          }
        ])
      }
    }
  ]))

/** The schema of the files that this program and the original write, byte for byte the original's. */
export const groupSchema = schemaOf({})

/** The same for reading files of others: epoch and metadata need not be in them. */
export const groupReaderSchema = schemaOf({ default: null })

/** Bytes of a block before compression at which the next one begins. */
const blockBytes = 256 * 1024

const writeTopic = (writer: AvroWriter, { partitions, topic }: TopicPositions): void => {
  writer.string(topic)
  writer.list(partitions, ({ leaderEpoch, metadata, offset, partition }) => {
    // What no reader of ours would take is not written either.
    if (partition < 0 || offset < 0n) {
      throw corrupt(`${topic}/${partition} has the offset ${offset}`)
    }
    writer.number(partition)
    writer.long(offset)
    writer.nullable(leaderEpoch, (epoch) => writer.number(epoch))
    writer.nullable(metadata, (text) => writer.string(text))
  })
}

interface PlainBlock {
  readonly groupCount: number
  readonly bytes: Buffer
}

const writeBlocks = (groups: ReadonlyArray<GroupPositions>): ReadonlyArray<PlainBlock> => {
  const blocks: Array<PlainBlock> = []
  const writer = new AvroWriter()
  let groupCount = 0
  const close = () => {
    if (groupCount > 0) blocks.push({ groupCount, bytes: writer.take() })
    groupCount = 0
  }
  for (const { groupId, topics } of groups) {
    writer.string(groupId)
    writer.list(topics, (topic) => writeTopic(writer, topic))
    groupCount++
    if (writer.length >= blockBytes) close()
  }
  close()
  return blocks
}

/**
 * The whole file: groups, topics and partitions in the snapshot's order. The same bytes for the
 * same snapshot and `sync`. Fails with `CodecError` Corrupt for an offset
 * that is negative or no int64.
 */
export const encodeGroupFile = (
  { facts, groups }: GroupSnapshot,
  sync: Buffer = newSync()
): Effect.Effect<Buffer, CodecError> =>
  Effect.gen(function*() {
    const blocks = yield* Effect.try({
      try: () => writeBlocks(groups),
      catch: (error) => codecFailure(error, "snapshot of consumer groups")
    })
    const frames = yield* Effect.forEach(blocks, ({ bytes, groupCount }) =>
      Effect.map(
        compress("zstd", bytes),
        (compressed) => frameBlock(groupCount, compressed, sync)
      ))
    const counts = { groupCount: groups.length, positionCount: countPositions(groups) }
    const metadata = facts === undefined
      ? []
      : groupFactsToContainer({ ...facts, ...counts }, groupSchema)
    return Buffer.concat([
      zstandardHeader({ schema: groupSchema, metadata, sync }),
      ...frames.flat()
    ])
  })
