/**
 * Keeps brokers from deleting old records while they are restored: raises the retention of topics,
 * and puts it back. What it was is in the archive before it is changed, so that any later start,
 * on any host, can put it back.
 */
import { Effect, Schedule, Schema } from "effect"
import { Kafka, KafkaError } from "../../services/Kafka.ts"
import type { TopicChange } from "../../services/KafkaAdmin.ts"
import type { StoreError } from "../../services/ObjectStore.ts"
import { ObjectStore } from "../../services/ObjectStore.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import type { RetentionHold } from "../../src/domain/RetentionHold.ts"
import { heldConfigs, holdsOf, unlimited } from "../../src/domain/RetentionHold.ts"
import { patiently } from "../ReadLog.ts"
import { readHolds, removeHold, writeHold } from "./HoldStore.ts"

export class HoldError extends Schema.TaggedError<HoldError>()("HoldError", {
  reason: Schema.Literal("NotReadable", "NotWritable"),
  message: Schema.String
}) {}

type Services = Kafka | ObjectStore

/** A broker learns of a change a moment after the controller made it; one that is late is no error. */
const untilSeen = Schedule.spaced("100 millis").pipe(Schedule.upTo("5 seconds"))

const alter = (changes: ReadonlyArray<TopicChange>) =>
  Effect.gen(function*() {
    if (changes.length === 0) return
    const kafka = yield* Kafka
    yield* patiently("30 seconds")(kafka.alterTopicConfigs(changes))
    const isSeen = Effect.map(
      kafka.topicOverrides(changes.map(({ topic }) => topic)),
      (overrides) =>
        changes.every(({ configs, topic }) => {
          const own = overrides.get(topic)
          return own === undefined ||
            Object.entries(configs).every(([name, value]) => (own[name] ?? null) === value)
        })
    )
    yield* Effect.ignore(Effect.repeat(isSeen, { schedule: untilSeen, until: (yes) => yes }))
  })

const notWritable = (prefix: string, clusterId: string) => (error: StoreError) =>
  Effect.flatMap(
    ObjectStore,
    ({ name }) =>
      new HoldError({
        reason: "NotWritable",
        message:
          `retention cannot be held: what it was has to be kept in ${name}, which may not be ` +
          `written (${error.message}). Allow to put and remove ${holdsOf(prefix, clusterId)}*, ` +
          `or raise retention.ms yourself and leave out -hold-retention`
      })
  )

/** Holds that are kept in the archive for topics of this cluster. */
export const findHolds = (
  prefix: string
): Effect.Effect<
  ReadonlyArray<RetentionHold>,
  KafkaError | StoreError | CodecError,
  Services
> =>
  Effect.gen(function*() {
    const kafka = yield* Kafka
    const { clusterId } = yield* patiently("30 seconds")(kafka.metadata([]))
    return yield* readHolds(prefix, clusterId)
  })

const isOf = (ids: ReadonlyMap<string, string>) => ({ topic, topicId }: RetentionHold) =>
  ids.get(topic) === topicId

/** Topic ids by topic, of those that exist. Fails when the cluster does not say of each. */
const idsOf = (names: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const kafka = yield* Kafka
    const { clusterId, topics } = yield* kafka.metadata(names)
    const ids = new Map<string, string>()
    for (const { error, topic, topicId } of topics) {
      if (error === undefined) ids.set(topic, topicId)
      else if (error !== "UNKNOWN_TOPIC_OR_PARTITION") {
        return yield* new KafkaError({
          operation: "hold retention",
          subject: topic,
          reason: error,
          cause: ""
        })
      }
    }
    return { clusterId, ids }
  }).pipe(patiently("30 seconds"))

/** What goes back later: what a note says for what is still raised, else what the topic has now. */
const before = (
  own: Readonly<Record<string, string>> | undefined,
  noted: RetentionHold | undefined
): RetentionHold["configs"] | undefined => {
  if (own === undefined) return noted?.configs
  return Object.fromEntries(
    heldConfigs.map((name) => {
      const now = own[name] ?? null
      return [name, now === unlimited && noted !== undefined ? noted.configs[name] ?? null : now]
    })
  )
}

const isSame = (one: RetentionHold["configs"], other: RetentionHold["configs"]): boolean =>
  heldConfigs.every((name) => one[name] === other[name])

/** Notes what the topics have, unless a note of another run says so already. */
const note = (prefix: string, names: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const kafka = yield* Kafka
    const { clusterId, ids } = yield* idsOf(names)
    const known = new Map(
      (yield* readHolds(prefix, clusterId)).map((hold) => [hold.topic, hold])
    )
    const overrides = yield* patiently("30 seconds")(kafka.topicOverrides([...ids.keys()]))
    for (const [topic, topicId] of ids) {
      const found = known.get(topic)
      const noted = found?.topicId === topicId ? found : undefined
      const configs = before(overrides.get(topic), noted)
      if (configs === undefined) {
        const message = `retention of ${topic} cannot be held: this user may not read its configs`
        return yield* new HoldError({ reason: "NotReadable", message })
      }
      if (noted !== undefined && isSame(noted.configs, configs)) continue
      yield* writeHold(prefix, { clusterId, topic, topicId, configs }, found !== undefined).pipe(
        Effect.catchTag("StoreError", notWritable(prefix, clusterId))
      )
    }
    // Another run may have been first with its note: that one counts.
    const all = yield* readHolds(prefix, clusterId)
    return all.filter(isOf(ids))
  })

/**
 * Raises the retention of these topics, which exist. What another run holds already is taken over
 * with what it was before that run. Returns all that is held of them.
 */
export const holdRetention = (
  prefix: string,
  names: ReadonlyArray<string>
): Effect.Effect<
  ReadonlyArray<RetentionHold>,
  HoldError | KafkaError | StoreError | CodecError,
  Services
> =>
  Effect.gen(function*() {
    if (names.length === 0) return []
    const holds = yield* note(prefix, names)
    yield* alter(holds.map(({ configs, topic }) => ({
      topic,
      configs: Object.fromEntries(Object.keys(configs).map((name) => [name, unlimited]))
    })))
    yield* Effect.annotateLogs(Effect.logInfo("retention is held until all is restored"), {
      topics: holds.map(({ topic }) => topic).join(", "),
      afterwards: "brokers delete what is older; to keep it longer set retention.ms=-1 yourself"
    })
    return holds
  })

/** What is still as it was raised goes back; what somebody has changed since stays. */
const changeBack = (
  { configs, topic }: RetentionHold,
  own: Readonly<Record<string, string>> | undefined
): TopicChange => ({
  topic,
  configs: Object.fromEntries(
    Object.entries(configs).filter(([name, before]) =>
      own === undefined ? before !== unlimited : own[name] === unlimited && before !== unlimited
    )
  )
})

const shown = (configs: Readonly<Record<string, string>> | undefined): string =>
  heldConfigs.map((name) => `${name}=${configs?.[name] ?? "unknown"}`).join(", ")

const tellBack = (topics: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const kafka = yield* Kafka
    const effective = yield* kafka.topicConfigs(topics, heldConfigs).pipe(
      Effect.catchAll((error) =>
        Effect.as(
          Effect.logDebug(error.message),
          new Map<string, Readonly<Record<string, string>>>()
        )
      )
    )
    for (const topic of topics) {
      yield* Effect.annotateLogs(
        Effect.logInfo("retention is as it was: brokers delete records that are older"),
        { topic, now: shown(effective.get(topic)) }
      )
    }
  })

/**
 * Puts back what is held, and forgets it. For a topic that has been recreated nothing is put back;
 * the note of one that is not there stays, in case it is seen later.
 */
export const releaseHolds = (
  prefix: string,
  holds: ReadonlyArray<RetentionHold>
): Effect.Effect<void, KafkaError | StoreError, Services> =>
  Effect.gen(function*() {
    if (holds.length === 0) return
    const kafka = yield* Kafka
    const { ids } = yield* idsOf(holds.map(({ topic }) => topic))
    const there = holds.filter(isOf(ids))
    const overrides = yield* patiently("30 seconds")(
      kafka.topicOverrides(there.map(({ topic }) => topic))
    )
    const changes = there.map((hold) => changeBack(hold, overrides.get(hold.topic)))
    const needed = changes.filter(({ configs }) => Object.keys(configs).length > 0)
    yield* alter(needed)
    yield* tellBack(needed.map(({ topic }) => topic))
    for (const hold of holds.filter(({ topic }) => ids.has(topic))) {
      yield* removeHold(prefix, hold).pipe(
        Effect.catchIf(
          ({ reason }) => reason === "Denied",
          (error) =>
            Effect.annotateLogs(
              Effect.logWarning(
                "retention is back, but the note in the archive that says so cannot be removed"
              ),
              { topic: hold.topic, error: error.message }
            )
        )
      )
    }
  })
