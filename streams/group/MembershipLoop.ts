/** The life of a group member: join, hold what was assigned, hand over, join again, for ever. */
import { Effect, Stream, SubscriptionRef } from "effect"
import { Kafka } from "../../services/Kafka.ts"
import type { KafkaError } from "../../services/Kafka.ts"
import type { Callbacks } from "./Callbacks.ts"
import { partitionCounts, sameCounts } from "./LeaderAssigns.ts"
import type { PartitionCounts } from "./LeaderAssigns.ts"
import type { GroupOptions, MemberState, Partitions } from "./MemberState.ts"
import { Evicted, Rejoin, without } from "./MemberState.ts"
import type { Persist } from "./Persist.ts"
import type { AssignmentBasis } from "./Rebalance.ts"
import { rebalance } from "./Rebalance.ts"

export interface Membership {
  readonly options: GroupOptions
  readonly state: SubscriptionRef.SubscriptionRef<MemberState>
  /** Sorted. */
  readonly wanted: SubscriptionRef.SubscriptionRef<ReadonlyArray<string>>
  readonly callbacks: Callbacks
  readonly persist: Persist
}

/** Milliseconds before a dropped member comes back, so that two never chase each other. */
const returnPauseMs = 100

const note = ({ options }: Membership, text: string, fields: Record<string, unknown>) =>
  Effect.annotateLogs(Effect.logInfo(text), { group: options.groupId, ...fields })

/** Names can be thousands: at debug level only. */
const noteNames = ({ options }: Membership, text: string, partitions: Partitions) =>
  Effect.annotateLogs(Effect.logDebug(text), {
    group: options.groupId,
    partitions: [...partitions.keys()].join(" ")
  })

/**
 * Milliseconds to the first heartbeat of a generation. Only its answer says that the group has
 * changed again, and it often does at once: several start together, and partitions that are handed
 * over take a second generation.
 */
const firstHeartbeatMs = 250
const heartbeatFactor = 1.5

/** Never returns: ends as Rejoin, Evicted or KafkaError. */
const heartbeats = ({ options, persist, state }: Membership) =>
  Effect.gen(function*() {
    const kafka = yield* Kafka
    const { groupId, heartbeatIntervalMs } = options
    for (let pauseMs = firstHeartbeatMs;; pauseMs *= heartbeatFactor) {
      yield* Effect.sleep(Math.min(pauseMs, heartbeatIntervalMs))
      yield* persist(kafka.heartbeat({ groupId, ...(yield* state.get) }))
    }
  })

/**
 * Keeps the session alive during a handover. The coordinator drops a member that does not rejoin in
 * time, and gives others what it had; so this ends as Evicted a little before, and then the member
 * can still rejoin with nothing in its hands.
 */
const handingOver = (member: Membership) => {
  const { heartbeatIntervalMs, rebalanceTimeoutMs } = member.options
  const alive = Effect.forever(Effect.catchTag(heartbeats(member), "Rejoin", () => Effect.void))
  const late = Effect.zipRight(
    Effect.sleep(Math.max(0, rebalanceTimeoutMs - 2 * heartbeatIntervalMs)),
    new Evicted({ reason: "REBALANCE_TIMEOUT" })
  )
  return Effect.catchTag(heartbeats(member), "Rejoin", () => Effect.raceFirst(alive, late))
}

/** These stay owned until the handler has returned. */
const giveUp = Effect.fnUntraced(function*(member: Membership, partitions: Partitions) {
  if (partitions.size === 0) return
  yield* Effect.raceFirst(member.callbacks.revoked(partitions), handingOver(member))
  const { owned } = yield* SubscriptionRef.updateAndGet(member.state, (known) => (
    { ...known, owned: without(known.owned, partitions) }
  ))
  yield* note(member, "partitions revoked", { revoked: partitions.size, owned: owned.size })
  yield* noteNames(member, "no longer owned", partitions)
})

const take = Effect.fnUntraced(function*(member: Membership, partitions: Partitions) {
  if (partitions.size === 0) return yield* member.callbacks.assigned(partitions)
  const { owned } = yield* SubscriptionRef.updateAndGet(member.state, (known) => (
    { ...known, owned: new Map([...known.owned, ...partitions]) }
  ))
  yield* note(member, "partitions assigned", { assigned: partitions.size, owned: owned.size })
  yield* noteNames(member, "owned from now on", partitions)
  yield* member.callbacks.assigned(partitions)
})

/** For any other reason the id may still be known: rejoining under it spares the group a ghost. */
const idIsGone: ReadonlySet<string> = new Set(["UNKNOWN_MEMBER_ID", "FENCED_INSTANCE_ID"])

const forget = Effect.fnUntraced(function*(member: Membership, reason: string) {
  const { memberId, owned } = yield* SubscriptionRef.getAndUpdate(member.state, (known) => ({
    memberId: idIsGone.has(reason) ? "" : known.memberId,
    generation: -1,
    owned: new Map(),
    rebalancing: false,
    settled: false
  }))
  const log = owned.size === 0 ? Effect.logDebug : Effect.logWarning
  yield* log("group membership lost").pipe(
    Effect.annotateLogs({
      group: member.options.groupId,
      member: memberId,
      reason,
      lost: owned.size
    })
  )
  yield* member.callbacks.lost(owned)
})

const otherTopics = ({ wanted }: Membership, topics: ReadonlyArray<string>) =>
  wanted.changes.pipe(
    Stream.filter((now) => now.join() !== topics.join()),
    Stream.runHead,
    Effect.zipRight(new Rejoin({ why: "subscription" }))
  )

const otherCounts = ({ options }: Membership, { counts, topics }: AssignmentBasis) =>
  Effect.sleep(options.metadataIntervalMs).pipe(
    Effect.zipRight(partitionCounts(topics, counts)),
    Effect.catchTag("KafkaError", () => Effect.succeed(counts)),
    Effect.repeat({ until: (now) => !sameCounts(now, counts) }),
    Effect.zipRight(new Rejoin({ why: "partition counts" }))
  )

const unsettled = (me: MemberState): MemberState => ({ ...me, settled: false })

/** One generation. Returns when something was handed over, which others wait for. */
const round = Effect.fnUntraced(function*(member: Membership, known: { counts: PartitionCounts }) {
  const { options, persist, state } = member
  const topics = yield* member.wanted.get
  const before = (yield* SubscriptionRef.updateAndGet(state, unsettled)).owned
  yield* giveUp(member, new Map([...before].filter(([, { topic }]) => !topics.includes(topic))))

  yield* SubscriptionRef.update(state, (me) => ({ ...me, rebalancing: true }))
  const { assignment, basis } = yield* rebalance(options, persist, state, topics, known.counts)
  const me = yield* SubscriptionRef.updateAndGet(state, (me) => ({ ...me, rebalancing: false }))
  if (basis !== undefined) known.counts = basis.counts
  yield* note(member, "group joined", {
    member: me.memberId,
    generation: me.generation,
    assigned: assignment.size,
    ...(basis === undefined ? {} : { leads: basis.members })
  })

  const revoked = without(me.owned, assignment)
  yield* giveUp(member, revoked)
  yield* take(member, without(assignment, me.owned))
  if (revoked.size > 0) return
  yield* SubscriptionRef.update(state, (me) => ({ ...me, settled: true }))
  const leading = basis === undefined ? Effect.never : otherCounts(member, basis)
  return yield* heartbeats(member).pipe(
    Effect.raceFirst(otherTopics(member, topics)),
    Effect.raceFirst(leading)
  )
})

/** Ends only with what no repetition can help, with everything owned reported as lost. */
export const membershipLoop = (member: Membership): Effect.Effect<never, KafkaError, Kafka> => {
  const known: { counts: PartitionCounts } = { counts: new Map() }
  return Effect.forever(
    round(member, known).pipe(
      Effect.catchTags({
        Rejoin: ({ why }) =>
          Effect.zipRight(
            SubscriptionRef.update(member.state, (me) => ({ ...me, rebalancing: false })),
            Effect.annotateLogs(Effect.logDebug("rejoining group"), {
              group: member.options.groupId,
              why
            })
          ),
        Evicted: ({ reason }) =>
          Effect.zipRight(forget(member, reason), Effect.sleep(returnPauseMs))
      }),
      Effect.tapErrorTag("KafkaError", ({ reason }) => forget(member, reason))
    )
  )
}
