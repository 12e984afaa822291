/** Which groups have live members in the target: their positions are theirs alone to commit. */
import { Effect } from "effect"
import { Kafka } from "../../services/Kafka.ts"
import type { KafkaErrorName } from "../../src/codec/kafka/ErrorCodes.ts"
import { patiently } from "../ReadLog.ts"

/** States of a group that has no members; an old broker tells none. */
const memberless = new Set(["Empty", "Dead", ""])

/** What a commit of somebody who is no member is answered when the group has members. */
const fromMembersOnly: ReadonlySet<KafkaErrorName> = new Set<KafkaErrorName>([
  "UNKNOWN_MEMBER_ID",
  "ILLEGAL_GENERATION",
  "REBALANCE_IN_PROGRESS",
  "STALE_MEMBER_EPOCH",
  "NON_EMPTY_GROUP"
])

export const saysLiveMembers = (error: KafkaErrorName): boolean => fromMembersOnly.has(error)

export const liveMembers = (how: string): string =>
  `the group has live members (${how}): stop its consumers`

/**
 * The state of each group that has members. Groups of brokers that do not answer are missing:
 * their own requests will say so, and the coordinator refuses a commit for a group with members.
 */
export const groupsWithMembers = Effect.gen(function*() {
  const kafka = yield* Kafka
  const { groups, unanswered } = yield* patiently("30 seconds")(kafka.listGroups)
  yield* Effect.forEach(
    unanswered,
    ({ broker, error }) =>
      Effect.logWarning("a broker does not tell its consumer groups").pipe(
        Effect.annotateLogs({ broker, error: error.message })
      ),
    { discard: true }
  )
  return new Map(
    groups.filter(({ state }) => !memberless.has(state)).map(({ groupId, state }) => [
      groupId,
      state
    ])
  )
})
