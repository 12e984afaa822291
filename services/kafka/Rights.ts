/** What whoever is logged in may do, as the brokers tell. */
import { Effect, Schedule } from "effect"
import type { AclOperation } from "../../src/codec/kafka/AclOperations.ts"
import { groupRights } from "../../src/codec/kafka/DescribeGroups.ts"
import { topicRights } from "../../src/codec/kafka/Metadata.ts"
import type { Rights } from "../KafkaAdmin.ts"
import type { Connections } from "./Calls.ts"
import { askMetadata } from "./Calls.ts"
import type { Coordinators } from "./Coordinators.ts"

const lane = "admin"
const brokersAtOnce = 8
/** Groups in one request. */
const groupsAtOnce = 500

/** Coordinators that are loading tell soon; who has not told by then is not waited for. */
const untilTold = Schedule.spaced("300 millis").pipe(Schedule.upTo("5 seconds"))

const nothing: ReadonlySet<AclOperation> = new Set()

export const makeRights = (connections: Connections, coordinators: Coordinators) => {
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
  const askAll = (groups: ReadonlyArray<string>, found: Map<string, ReadonlySet<AclOperation>>) =>
    Effect.flatMap(
      askMetadata(connections, []),
      ({ brokers }) =>
        Effect.forEach(
          brokers,
          ({ nodeId }) =>
            Effect.map(
              connections.call({ broker: nodeId, lane }, groupRights, groups),
              (answers) => {
                for (const { error, groupId, operations } of answers) {
                  if (error === "GROUP_AUTHORIZATION_FAILED") {
                    found.set(groupId, nothing)
                  } else if (error === undefined && operations !== undefined) {
                    found.set(groupId, operations)
                  }
                }
              }
            ),
          { concurrency: brokersAtOnce, discard: true }
        )
    )

  const ofGroups = Effect.fnUntraced(function*(groups: ReadonlyArray<string>) {
    const found = new Map<string, ReadonlySet<AclOperation>>()
    for (let at = 0; at < groups.length; at += groupsAtOnce) {
      const slice = groups.slice(at, at + groupsAtOnce)
      const untold = () => slice.filter((group) => !found.has(group))
      yield* askAll(slice, found)
      const [first] = untold()
      if (first === undefined) continue
      // A new cluster has no coordinators before one is looked for.
      yield* Effect.ignore(coordinators.withCoordinator("group", first, () => Effect.void))
      const again = Effect.suspend(() => askAll(untold(), found))
      yield* Effect.repeat(again, { schedule: untilTold, until: () => untold().length === 0 })
    }
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
