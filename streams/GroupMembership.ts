/**
 * Membership in a consumer group, cooperative (KIP-429): what this program works on, shared with
 * other members of its kind or of the original, and the commits that only a member may write.
 */
import type { Scope } from "effect"
import { Deferred, Effect, Subscribable, SubscriptionRef } from "effect"
import type { CommittedOffset, KafkaError, OffsetToCommit } from "../services/Kafka.ts"
import { Kafka } from "../services/Kafka.ts"
import type { TopicPartition } from "../src/domain/TopicPartition.ts"
import type { GroupHandlers } from "./group/Callbacks.ts"
import { makeCallbacks } from "./group/Callbacks.ts"
import type { CommitAnswer } from "./group/CommitOffsets.ts"
import { commitOffsets } from "./group/CommitOffsets.ts"
import { membershipLoop } from "./group/MembershipLoop.ts"
import type { GroupOptions } from "./group/MemberState.ts"
import { outsider } from "./group/MemberState.ts"
import { makePersist } from "./group/Persist.ts"

export interface JoinGroupOptions extends Partial<Omit<GroupOptions, "groupId">> {
  readonly groupId: string
  /** To begin with; `subscribe` changes them. */
  readonly topics: ReadonlyArray<string>
  readonly handlers: GroupHandlers
}

export interface SettledShare {
  readonly generation: number
  /** By name, as `topicPartitionName` has it. */
  readonly owned: ReadonlyMap<string, TopicPartition>
}

export interface GroupMembership {
  /** Replaces the topics. Partitions of those left out are revoked, new ones come by assignment. */
  readonly subscribe: (topics: ReadonlyArray<string>) => Effect.Effect<void>
  /**
   * One answer for each offset, in their order; never writes for a partition that is not owned
   * (ILLEGAL_GENERATION). Waits out a rebalance for at most the rebalance timeout.
   */
  readonly commit: (
    offsets: ReadonlyArray<OffsetToCommit>
  ) => Effect.Effect<ReadonlyArray<CommitAnswer>, KafkaError>
  /** What the group has committed, whoever did. */
  readonly committed: (
    partitions: ReadonlyArray<TopicPartition>
  ) => Effect.Effect<ReadonlyArray<CommittedOffset>, KafkaError>
  readonly owned: Effect.Effect<ReadonlyArray<TopicPartition>>
  /** What this member has in a generation; `undefined` from the start of a rebalance to its end. */
  readonly settled: Effect.Effect<SettledShare | undefined>
  /** The group's generation as this member knows it; -1 outside the group. */
  readonly generation: Subscribable.Subscribable<number>
  /** Fails when the membership has ended for good; everything owned has been lost by then. */
  readonly failure: Effect.Effect<never, KafkaError>
}

/** Session and rebalance timeout of the Java client and of franz-go; the rest as theirs, too. */
const defaults = {
  sessionTimeoutMs: 45_000,
  rebalanceTimeoutMs: 60_000,
  heartbeatIntervalMs: 3000,
  metadataIntervalMs: 30_000
}

/** Milliseconds that leaving may take when the scope closes. */
const leaveMs = 2000

const sorted = (topics: ReadonlyArray<string>) => [...new Set(topics)].sort()

/**
 * Returns at once; joins, and stays a member for as long as the scope is open: it outlasts an absent
 * Kafka, reporting everything as lost once the session must have expired. Finalizers that the
 * caller adds to the scope afterwards run before the member leaves, and may still commit.
 */
export const joinGroup = (
  { groupId, handlers, topics, ...rest }: JoinGroupOptions
): Effect.Effect<GroupMembership, never, Kafka | Scope.Scope> =>
  Effect.gen(function*() {
    const kafka = yield* Kafka
    const options = { ...defaults, ...rest, groupId }
    const state = yield* SubscriptionRef.make(outsider)
    const wanted = yield* SubscriptionRef.make<ReadonlyArray<string>>(sorted(topics))
    const failed = yield* Deferred.make<never, KafkaError>()

    const leave = Effect.flatMap(state.get, ({ memberId }) =>
      memberId === "" ? Effect.void : Effect.logDebug("leaving group").pipe(
        Effect.zipRight(kafka.leaveGroup(groupId, memberId)),
        Effect.interruptible,
        Effect.timeoutOption(leaveMs),
        Effect.catchAll((error) =>
          Effect.logDebug(`leaving failed: ${error.message}`)
        )
      ))
    yield* Effect.addFinalizer(() => leave)

    const callbacks = yield* makeCallbacks(handlers, failed)
    const persist = yield* makePersist(options, state)
    yield* membershipLoop({ options, state, wanted, callbacks, persist }).pipe(
      Effect.raceFirst(Deferred.await(failed)),
      Effect.catchAllCause((cause) => Deferred.failCause(failed, cause)),
      Effect.forkScoped
    )

    return {
      subscribe: (next) => SubscriptionRef.set(wanted, sorted(next)),
      commit: (offsets) =>
        Effect.provideService(commitOffsets(options, state, offsets), Kafka, kafka),
      committed: (partitions) => kafka.fetchOffsets(groupId, partitions),
      owned: Effect.map(state.get, ({ owned }) => [...owned.values()]),
      settled: Effect.map(state.get, (me) => me.settled ? me : undefined),
      generation: Subscribable.map(state, ({ generation }) => generation),
      failure: Deferred.await(failed)
    }
  })
