/** Former values of what a restore has raised, beside the archive: one object for each topic. */
import { Effect, Schema, Stream } from "effect"
import { bodyOfBytes } from "../../services/ObjectBody.ts"
import type { StoreError } from "../../services/ObjectStore.ts"
import { ObjectStore } from "../../services/ObjectStore.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import { corrupt } from "../../src/codec/CodecError.ts"
import type { RetentionHold } from "../../src/domain/RetentionHold.ts"
import { holdKey, holdsOf } from "../../src/domain/RetentionHold.ts"
import { listObjects, readObject, withPatience } from "../StoreReads.ts"

/** The object is this as JSON. A reader refuses any other version. */
const Hold = Schema.Struct({
  version: Schema.Literal(1),
  clusterId: Schema.String,
  topic: Schema.String,
  topicId: Schema.String,
  configs: Schema.Record({ key: Schema.String, value: Schema.NullOr(Schema.String) })
})

const HoldText = Schema.parseJson(Hold)

/** Fails with CodecError, naming the object, when it is damaged or of another version. */
const readHold = (
  key: string
): Effect.Effect<RetentionHold, StoreError | CodecError, ObjectStore> =>
  Effect.gen(function*() {
    const chunks = yield* Stream.runCollect(readObject(key))
    const { version: _, ...hold } = yield* Effect.mapError(
      Schema.decode(HoldText)(Buffer.concat([...chunks]).toString("utf8")),
      () =>
        corrupt(
          `${key} does not say what the retention was: put it right by hand, and remove the object`
        )
    )
    return hold
  })

/** One that is removed meanwhile is none. */
export const readHolds = (
  prefix: string,
  clusterId: string
): Effect.Effect<ReadonlyArray<RetentionHold>, StoreError | CodecError, ObjectStore> =>
  Effect.gen(function*() {
    const pages = yield* Stream.runCollect(listObjects(holdsOf(prefix, clusterId)))
    const found = yield* Effect.forEach(
      [...pages].flat(),
      ({ key }) =>
        Effect.map(readHold(key), (hold) => [hold]).pipe(
          Effect.catchIf(
            (error) => error._tag === "StoreError" && error.reason === "NotFound",
            () => Effect.succeed([])
          )
        )
    )
    return found.flat()
  })

/**
 * Durable when it returns. `replace`: one that is there says nothing any more; else it stays as it
 * is.
 */
export const writeHold = (
  prefix: string,
  { clusterId, configs, topic, topicId }: RetentionHold,
  replace: boolean
): Effect.Effect<void, StoreError, ObjectStore> =>
  Effect.gen(function*() {
    const store = yield* ObjectStore
    const key = holdKey(prefix, clusterId, topic)
    const text = JSON.stringify({ version: 1, clusterId, topic, topicId, configs })
    const body = bodyOfBytes(Buffer.from(text))
    yield* withPatience<unknown, StoreError, never>(
      replace ? store.put(key, body, {}) : store.putIfAbsent(key, body, {})
    )
  })

export const removeHold = (
  prefix: string,
  { clusterId, topic }: RetentionHold
): Effect.Effect<void, StoreError, ObjectStore> =>
  Effect.flatMap(
    ObjectStore,
    (store) => withPatience(store.remove(holdKey(prefix, clusterId, topic)))
  )
