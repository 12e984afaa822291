/** What whoever is logged in may do, as the brokers tell. */
import { Effect } from "effect"
import type { AclOperation } from "../../src/codec/kafka/AclOperations.ts"
import { groupRights } from "../../src/codec/kafka/DescribeGroups.ts"
import { topicRights } from "../../src/codec/kafka/Metadata.ts"
import type { Rights } from "../Kafka.ts"
import type { Connections } from "./Calls.ts"
import { askMetadata } from "./Calls.ts"

const lane = "admin"
const brokersAtOnce = 8
/** Groups in one request. */
const groupsAtOnce = 500

const nothing: ReadonlySet<AclOperation> = new Set()

export const makeRights = (connections: Connections) => {
  const ofTopics = (topics: ReadonlyArray<string>) =>
    Effect.map(connections.callAny(topicRights, { topics }), (told) => ({
      cluster: told.cluster,
      topics: new Map(
        told.topics.flatMap(({ operations, topic }) =>
          operations === undefined ? [] : [[topic, operations] as const]
        )
      )
    }))

  /** Each broker tells of the groups that it coordinates, and any of those that are out of bounds. */
  const ofGroups = Effect.fnUntraced(function*(groups: ReadonlyArray<string>) {
    const found = new Map<string, ReadonlySet<AclOperation>>()
    if (groups.length === 0) return found
    const { brokers } = yield* askMetadata(connections, [])
    const slices = Array.from(
      { length: Math.ceil(groups.length / groupsAtOnce) },
      (_, at) => groups.slice(at * groupsAtOnce, (at + 1) * groupsAtOnce)
    )
    yield* Effect.forEach(
      brokers,
      ({ nodeId }) =>
        Effect.forEach(
          slices,
          (slice) =>
            Effect.map(
              connections.call({ broker: nodeId, lane }, groupRights, slice),
              (answers) => {
                for (const { error, groupId, operations } of answers) {
                  if (error === "GROUP_AUTHORIZATION_FAILED") {
                    found.set(groupId, nothing)
                  } else if (error === undefined && operations !== undefined) {
                    found.set(groupId, operations)
                  }
                }
              }
            )
        ),
      { concurrency: brokersAtOnce, discard: true }
    )
    return found
  })

  const rights = Effect.fnUntraced(function*(
    topics: ReadonlyArray<string>,
    groups: ReadonlyArray<string>
  ) {
    const told: Rights = { ...yield* ofTopics(topics), groups: yield* ofGroups(groups) }
    return told
  })

  return { rights }
}
