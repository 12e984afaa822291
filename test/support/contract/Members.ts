/** Members of groups, for the parts of the Kafka contract that need them. */
import { Effect } from "effect"
import type { JoinResponse } from "../../../services/Kafka.ts"
import { Kafka } from "../../../services/Kafka.ts"
import { patiently, unique } from "./Fixtures.ts"

export const request = (groupId: string, memberId: string, metadata: string, name = "test") => ({
  groupId,
  memberId,
  sessionTimeoutMs: 20_000,
  rebalanceTimeoutMs: 20_000,
  // A broker parses the metadata of protocol type `consumer`; this text is not such a thing.
  protocolType: "contract",
  protocols: [{ name, metadata: Buffer.from(metadata) }]
})

export const refOf = (groupId: string, { generation, memberId }: JoinResponse) => (
  { groupId, generation, memberId }
)

export const orders = (all: Record<string, string>) =>
  Object.entries(all).map(([memberId, text]) => ({ memberId, assignment: Buffer.from(text) }))

/** A member alone in a new group, with its assignment. */
export const alone = Effect.gen(function*() {
  const kafka = yield* Kafka
  const groupId = unique("group")
  const join = yield* patiently(kafka.joinGroup(request(groupId, "", "one")))
  const assignment = yield* kafka.syncGroup(
    refOf(groupId, join),
    orders({ [join.memberId]: "all" })
  )
  return { groupId, join, assignment, ref: refOf(groupId, join) }
})
