/** Follows who leads which partition, keeps a fetch loop per broker, and notices new topic ids. */
import type { Cause, Scope } from "effect"
import { Clock, Effect, FiberMap, FiberSet } from "effect"
import type { KafkaError, TopicMetadata } from "../../services/Kafka.ts"
import { Kafka } from "../../services/Kafka.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import type { FetchEnvironment } from "./FetchLoop.ts"
import { fetchLoop } from "./FetchLoop.ts"
import type { OwnedPartition, OwnedPartitions } from "./OwnedPartition.ts"
import { makeTakeIn } from "./TakeIn.ts"
import { makeValidation } from "./Validation.ts"

/** Milliseconds between two looks at all partitions: after one that found something new, and else. */
const lookAgainMs = 50
const restMs = 250
/** Milliseconds between two refreshes that errors ask for. */
const refreshPauseMs = 250

export interface LeadershipEnvironment extends Omit<FetchEnvironment, "takeIn"> {
  readonly owned: OwnedPartitions
  /** A loop ended in a way that no caller can handle. */
  readonly crashed: (cause: Cause.Cause<never>) => Effect.Effect<void>
  /** The topic of this partition has another id now: it was deleted and recreated. */
  readonly recreated: (source: TopicPartition) => Effect.Effect<void>
}

export interface Leadership {
  /** Takes over what a metadata answer says. */
  readonly learn: (topics: ReadonlyArray<TopicMetadata>) => Effect.Effect<void>
}

const apply = (partition: OwnedPartition, topic: TopicMetadata) => {
  const found = topic.partitions.find((one) => one.partition === partition.partition)
  if (found === undefined) return
  partition.leader = found.leader
  partition.leaderEpoch = found.leaderEpoch
}

export const makeLeadership = (
  env: LeadershipEnvironment
): Effect.Effect<Leadership, never, Kafka | Scope.Scope> =>
  Effect.gen(function*() {
    const kafka = yield* Kafka
    const { owned } = env
    const background = yield* FiberSet.makeRuntime<never>()
    let refreshing = false

    const refreshNow: Effect.Effect<void, KafkaError> = Effect.gen(function*() {
      const topics = new Set(Array.from(owned.values(), ({ topic }) => topic))
      if (topics.size === 0) return
      yield* learn((yield* kafka.metadata([...topics])).topics)
      yield* env.reached(true)
    })

    /** Returns at once; requests that come while one is under way are answered by it. */
    const refresh = Effect.suspend(() => {
      if (refreshing) return Effect.void
      refreshing = true
      background(
        Effect.sleep(refreshPauseMs).pipe(
          Effect.zipRight(refreshNow),
          Effect.catchAll((error) =>
            Effect.zipRight(
              env.reached(false),
              Effect.logDebug("metadata failed").pipe(Effect.annotateLogs({ error: error.message }))
            )
          ),
          Effect.ensuring(Effect.sync(() => (refreshing = false)))
        )
      )
      return Effect.void
    })

    const loops = yield* FiberMap.make<number>()
    const takeIn = makeTakeIn(refresh)

    /** Looks at thousands of partitions many times a second, so it makes nothing of them. */
    const ensureLoops = Effect.suspend(() => {
      const leaders = new Set<number>()
      let last = -1
      for (const { leader } of owned.values()) {
        if (leader !== last && leader >= 0) leaders.add(last = leader)
      }
      return Effect.forEach(
        leaders,
        (broker) =>
          FiberMap.run(
            loops,
            broker,
            Effect.tapErrorCause(fetchLoop(broker, { ...env, takeIn }), env.crashed),
            { onlyIfMissing: true }
          ),
        { discard: true }
      )
    })

    const learn = (topics: ReadonlyArray<TopicMetadata>): Effect.Effect<void> =>
      Effect.sync(() => {
        const byName = new Map(topics.map((topic) => [topic.topic, topic]))
        for (const partition of owned.values()) {
          const topic = byName.get(partition.topic)
          if (topic === undefined || topic.error !== undefined) continue
          if (topic.topicId === partition.topicId) apply(partition, topic)
          else background(env.recreated(partition))
        }
      })

    const validate = makeValidation(owned, refresh, background)

    let partitions = 0
    // New partitions appear with their leaders known; leaderless ones ask for a look.
    yield* Effect.gen(function*() {
      const before = partitions
      partitions = owned.size
      yield* ensureLoops
      yield* validate
      const now = yield* Clock.currentTimeMillis
      for (const partition of owned.values()) {
        if (partition.leader >= 0 || partition.notBeforeMs > now) continue
        partition.notBeforeMs = now + 1000
        yield* refresh
      }
      yield* Effect.sleep(partitions === 0 || partitions !== before ? lookAgainMs : restMs)
    }).pipe(
      Effect.forever,
      Effect.tapErrorCause(env.crashed),
      Effect.provideService(Kafka, kafka),
      Effect.forkScoped
    )

    return { learn }
  })
