/** Whose the first generation of a topic is, said in an object beside the archive. */
import { Effect, Option, Schema, Stream } from "effect"
import { bodyOfBytes } from "../../services/ObjectBody.ts"
import type { StoreError } from "../../services/ObjectStore.ts"
import { ObjectStore } from "../../services/ObjectStore.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import { corrupt } from "../../src/codec/CodecError.ts"
import { metaKey } from "../../src/domain/ArchiveKey.ts"
import type { Origin } from "../../src/domain/FileAccount.ts"
import { listObjects, readObject, withPatience } from "../StoreReads.ts"
import type { Survey } from "./Survey.ts"
import { makeSurvey } from "./Survey.ts"

/** What the object says: `{"clusterId":"…","topicId":"…"}`. */
const Claim = Schema.parseJson(Schema.Struct({ clusterId: Schema.String, topicId: Schema.String }))

const keyOf = (prefix: string, topic: string) => metaKey(prefix, "first-generation", topic)

/** Whether anybody has claimed a topic, as far as the survey may know. */
const mayBeClaimed = (prefix: string, topic: string, { keys, ofMany }: Survey) => {
  if (!ofMany) return Effect.succeed(true)
  const where = keyOf(prefix, "")
  const list = Stream.runFold(listObjects(where), new Set<string>(), (all, page) => {
    for (const { key } of page) all.add(key)
    return all
  })
  return Effect.map(keys(where, list), (claims) => claims.has(keyOf(prefix, topic)))
}

/** Whether it is this one's; `undefined`: nobody's so far. */
export const isClaimedFor = (
  prefix: string,
  { clusterId, topicId }: Origin,
  topic: string,
  survey: Survey
): Effect.Effect<boolean | undefined, StoreError | CodecError, ObjectStore> =>
  Effect.gen(function*() {
    if (!(yield* mayBeClaimed(prefix, topic, survey))) return undefined
    const store = yield* ObjectStore
    const key = keyOf(prefix, topic)
    if (Option.isNone(yield* withPatience(store.head(key)))) return undefined
    const text = yield* Stream.runFold(
      readObject(key),
      "",
      (all, bytes) => all + Buffer.from(bytes)
    )
    const claim = yield* Effect.mapError(
      Schema.decode(Claim)(text),
      () => corrupt(`${key} does not say whose it is`)
    )
    return claim.clusterId === clusterId && claim.topicId === topicId
  })

/** Makes it this one's unless it is another's; true when it is this one's then. */
export const claim = (
  prefix: string,
  origin: Origin,
  topic: string
): Effect.Effect<boolean, StoreError | CodecError, ObjectStore> =>
  Effect.gen(function*() {
    const store = yield* ObjectStore
    const { clusterId, topicId } = origin
    const body = bodyOfBytes(Buffer.from(JSON.stringify({ clusterId, topicId })))
    const outcome = yield* withPatience(store.putIfAbsent(keyOf(prefix, topic), body, {}))
    if (outcome === "created") return true
    return (yield* isClaimedFor(prefix, origin, topic, makeSurvey([]))) === true
  })
