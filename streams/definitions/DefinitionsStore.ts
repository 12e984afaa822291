/** Snapshots of topic definitions beside the archive, each written once, under its time. */
import { Effect, Schema, Stream } from "effect"
import { bodyOfBytes } from "../../services/ObjectBody.ts"
import type { StoreError } from "../../services/ObjectStore.ts"
import { ObjectStore } from "../../services/ObjectStore.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import { corrupt } from "../../src/codec/CodecError.ts"
import {
  definitionsFolder,
  definitionsKey,
  ordered,
  parseDefinitionsKey
} from "../../src/domain/TopicDefinition.ts"
import { listObjects, readObject, withPatience } from "../StoreReads.ts"

const Definition = Schema.Struct({
  topic: Schema.String,
  topicId: Schema.String,
  partitions: Schema.Int,
  replicationFactor: Schema.Int,
  configs: Schema.NullOr(Schema.Record({ key: Schema.String, value: Schema.String }))
})

/** The object is this as JSON. A reader refuses any other version. */
const Snapshot = Schema.Struct({
  version: Schema.Literal(1),
  clusterId: Schema.String,
  takenAt: Schema.String,
  topics: Schema.Array(Definition)
})

export type DefinitionsSnapshot = typeof Snapshot.Type

const SnapshotText = Schema.parseJson(Snapshot)

/** Without the time: two snapshots that say the same are equal. */
export const sameText = ({ clusterId, topics }: Omit<DefinitionsSnapshot, "takenAt">): string =>
  JSON.stringify([clusterId, ordered(topics)])

export interface DefinitionsEntry {
  readonly key: string
  /** Milliseconds since the epoch. */
  readonly takenAtMs: number
}

/** Oldest first; other objects beside them are passed over. */
export const listDefinitions = (
  prefix: string
): Effect.Effect<ReadonlyArray<DefinitionsEntry>, StoreError, ObjectStore> =>
  Effect.map(
    Stream.runCollect(listObjects(definitionsFolder(prefix))),
    (pages) =>
      [...pages].flat().flatMap(({ key }) => {
        const takenAtMs = parseDefinitionsKey(prefix, key)
        return takenAtMs === undefined ? [] : [{ key, takenAtMs }]
      })
  )

/** Fails with CodecError, naming the object, when it is damaged or of another version. */
export const readDefinitions = (
  { key }: DefinitionsEntry
): Effect.Effect<DefinitionsSnapshot, StoreError | CodecError, ObjectStore> =>
  Effect.gen(function*() {
    const chunks = yield* Stream.runCollect(readObject(key))
    const text = Buffer.concat([...chunks]).toString("utf8")
    return yield* Effect.mapError(
      Schema.decode(SnapshotText)(text),
      () => corrupt(`${key} is not a snapshot of topic definitions that can be read`)
    )
  })

/** Durable when it returns its key. One of the same millisecond stays as it is. */
export const writeDefinitions = (
  prefix: string,
  takenAtMs: number,
  { clusterId, topics }: Pick<DefinitionsSnapshot, "clusterId" | "topics">
): Effect.Effect<string, StoreError, ObjectStore> =>
  Effect.gen(function*() {
    const store = yield* ObjectStore
    const key = definitionsKey(prefix, takenAtMs)
    const takenAt = new Date(takenAtMs).toISOString()
    const text = JSON.stringify({ version: 1, clusterId, takenAt, topics: ordered(topics) })
    yield* withPatience(store.putIfAbsent(key, bodyOfBytes(Buffer.from(text)), {}))
    return key
  })
