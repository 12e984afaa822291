/** Groups of every kind that the broker offers, as Apache Kafka's own clients make them. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { StackAddresses } from "../../dev/stack/Stack.ts"
import { javaMember, javaShareMember } from "../../dev/truth/GroupMember.ts"
import { Kafka } from "../../services/Kafka.ts"
import { batchOf, createTopic, patiently, produce, until } from "../support/contract/Fixtures.ts"
import { withStack } from "../support/RealKafka.ts"
import { SharedStack, unique } from "../support/SharedStack.ts"

interface Group {
  readonly groupId: string
  readonly protocolType: string
  readonly leave: Effect.Effect<void>
}

const classicGroup = Effect.fnUntraced(function*(topics: ReadonlyArray<string>) {
  const groupId = unique("classic")
  const { leave } = yield* javaMember({ group: groupId, topics })
  const group: Group = { groupId, protocolType: "consumer", leave }
  return group
})

/** KIP-848: the broker assigns. */
const newGroup = Effect.fnUntraced(function*(topics: ReadonlyArray<string>) {
  const groupId = unique("new")
  const config = { "group.protocol": "consumer" }
  const { leave } = yield* javaMember({ group: groupId, topics, config })
  const group: Group = { groupId, protocolType: "consumer", leave }
  return group
})

const shareGroup = Effect.fnUntraced(function*(topics: ReadonlyArray<string>) {
  const groupId = unique("share")
  const { leave } = yield* javaShareMember({ group: groupId, topics })
  const group: Group = { groupId, protocolType: "share", leave }
  return group
})

/** Waits until all are listed in that state, each once. */
const allAre = Effect.fnUntraced(function*(state: string, wanted: ReadonlyArray<Group>) {
  const kafka = yield* Kafka
  const ids = new Set(wanted.map(({ groupId }) => groupId))
  const { groups, unanswered } = yield* until(
    kafka.listGroups,
    (listed) =>
      listed.groups.filter((group) => ids.has(group.groupId) && group.state === state).length ===
        ids.size
  )
  assert.deepStrictEqual(unanswered, [])
  assert.deepStrictEqual(
    new Set(groups.filter(({ groupId }) => ids.has(groupId))),
    new Set(wanted.map(({ groupId, protocolType }) => ({ groupId, protocolType, state })))
  )
})

layer(withStack(SharedStack), { excludeTestServices: true, timeout: "5 minutes" })(
  "groups of the Java client",
  (it) => {
    it.scoped(
      "are listed by type and state, and take positions when their members are gone",
      () =>
        Effect.gen(function*() {
          const kafka = yield* Kafka
          const topic = yield* createTopic(1)
          yield* produce({ topic, partition: 0 }, batchOf(["a", "b", "c"]))
          // Kafka 3.9 has KIP-848 as a preview that is off, and no share groups.
          const old = (yield* StackAddresses).kafkaVersion.startsWith("3.")
          const kinds = old ? [classicGroup] : [classicGroup, newGroup]
          const groups = yield* Effect.forEach(kinds, (make) => make([topic]), { concurrency: 2 })
          const shares = old ? [] : [yield* shareGroup([topic])]
          yield* allAre("Stable", [...groups, ...shares])

          const position = { topic, partition: 0, offset: 1n, leaderEpoch: 0, metadata: "moved" }
          const commit = (groupId: string) =>
            patiently(kafka.commitOffsets({ groupId, generation: -1, memberId: "" }, [position]))
          const positionsOf = (groupId: string) => kafka.fetchOffsets(groupId, undefined)
          for (const { groupId } of groups) {
            const [found] = yield* until(positionsOf(groupId), ([one]) => one?.offset === 3n)
            assert.deepInclude(found, { topic, partition: 0, error: undefined })
            const [refused] = yield* commit(groupId)
            assert.strictEqual(refused?.error, "UNKNOWN_MEMBER_ID")
          }

          yield* Effect.forEach([...groups, ...shares], ({ leave }) => leave, {
            concurrency: "unbounded"
          })
          yield* allAre("Empty", [...groups, ...shares])
          for (const { groupId } of groups) {
            assert.deepStrictEqual(yield* commit(groupId), [{
              topic,
              partition: 0,
              error: undefined
            }])
            assert.deepStrictEqual(yield* positionsOf(groupId), [{ ...position, error: undefined }])
          }
          for (const { groupId } of shares) {
            const [refused] = yield* commit(groupId)
            assert.strictEqual(refused?.error, "GROUP_ID_NOT_FOUND")
            assert.deepStrictEqual(yield* positionsOf(groupId), [])
          }
        }),
      120_000
    )
  }
)
