/** Snapshots of consumer groups by the schema of their file, with avsc. */
import { Effect } from "effect"
import type { CodecError } from "../src/codec/CodecError.ts"
import { corrupt } from "../src/codec/CodecError.ts"
import { codecFailure } from "../src/codec/Compression.ts"
import { groupReaderSchema } from "../src/codec/GroupFile.ts"
import { mergeGroups } from "../src/codec/MergeGroups.ts"
import type {
  CommittedPosition,
  GroupPositions,
  TopicPositions
} from "../src/domain/GroupSnapshot.ts"
import { decodeRecords, parseType, resolverOf, resolving } from "./AvroTypesLayer.ts"
import type { ReadGroups } from "./ForeignSchema.ts"

const reader = parseType(groupReaderSchema)

const text = (record: object, name: string): string => {
  const value: unknown = Reflect.get(record, name)
  if (typeof value !== "string") throw corrupt(`a record lacks ${name}`)
  return value
}

const records = (record: object, name: string): ReadonlyArray<object> => {
  const value: unknown = Reflect.get(record, name)
  if (!Array.isArray(value)) throw corrupt(`a record lacks ${name}`)
  return value
}

const toPosition = (record: object): CommittedPosition => {
  const partition: unknown = Reflect.get(record, "partition")
  const offset: unknown = Reflect.get(record, "offset")
  const epoch: unknown = Reflect.get(record, "leader_epoch")
  const metadata: unknown = Reflect.get(record, "metadata")
  if (typeof partition !== "number" || typeof offset !== "bigint") {
    throw corrupt("a record lacks partition or offset")
  }
  return {
    partition,
    offset,
    leaderEpoch: typeof epoch === "number" && epoch >= 0 ? epoch : null,
    metadata: typeof metadata === "string" && metadata !== "" ? metadata : null
  }
}

const toTopic = (record: object): TopicPositions => ({
  topic: text(record, "topic"),
  partitions: records(record, "partitions").map(toPosition)
})

const toGroup = (record: object): GroupPositions => ({
  groupId: text(record, "group_id"),
  topics: records(record, "topics").map(toTopic)
})

const resolve = (schemaJson: string): ReadGroups => {
  const resolver = resolverOf(reader, parseType(schemaJson))
  return (block, recordCount) =>
    Effect.try({
      try: () => mergeGroups(decodeRecords({ reader, resolver, block, recordCount }, toGroup)),
      catch: (error): CodecError => codecFailure(error, "consumer groups")
    })
}

export const groupReader = (schema: string): Effect.Effect<ReadGroups, CodecError> =>
  resolving("consumer groups", () => resolve(schema))
