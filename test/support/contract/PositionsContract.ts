/** What every Kafka layer must tell of groups and their positions to somebody who is no member. */
import type { Vitest } from "@effect/vitest"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { Kafka } from "../../../services/Kafka.ts"
import type { TopicPartition } from "../../../src/domain/TopicPartition.ts"
import type { SecondClient } from "./Fixtures.ts"
import { createTopic, patiently, unique } from "./Fixtures.ts"
import { alone } from "./Members.ts"

const nobody = (groupId: string) => ({ groupId, generation: -1, memberId: "" })

const position = (
  topic: string,
  partition: number,
  offset: bigint,
  leaderEpoch = -1,
  metadata: string | null = null
) => ({ topic, partition, offset, leaderEpoch, metadata })

const listed = Effect.fnUntraced(function*(groupId: string) {
  const { groups, unanswered } = yield* (yield* Kafka).listGroups
  assert.deepStrictEqual(unanswered, [])
  const names = groups.map((group) => group.groupId)
  assert.deepStrictEqual(names, [...new Set(names)].sort())
  return groups.filter((group) => group.groupId === groupId)
})

const inOrder = <A extends TopicPartition>(positions: ReadonlyArray<A>) =>
  [...positions].sort((a, b) => a.partition - b.partition)

export const positionsContract = (it: Vitest.MethodsNonLive<Kafka | SecondClient, true>): void => {
  it.effect("lists a group from its first commit on, and not because somebody asked for it", () =>
    Effect.gen(function*() {
      const kafka = yield* Kafka
      const groupId = unique("listed")
      const topic = yield* createTopic(1)
      assert.deepStrictEqual(yield* patiently(kafka.fetchOffsets(groupId, undefined)), [])
      assert.deepStrictEqual(yield* listed(groupId), [])
      yield* patiently(kafka.commitOffsets(nobody(groupId), [position(topic, 0, 1n)]))
      assert.deepStrictEqual(yield* listed(groupId), [
        { groupId, protocolType: "", state: "Empty" }
      ])
    }))

  it.effect("lists a group with members by type and state, also when the last has left", () =>
    Effect.gen(function*() {
      const { groupId, join } = yield* alone
      const type = { groupId, protocolType: "contract" }
      assert.deepStrictEqual(yield* listed(groupId), [{ ...type, state: "Stable" }])
      yield* (yield* Kafka).leaveGroup(groupId, join.memberId)
      assert.deepStrictEqual(yield* listed(groupId), [{ ...type, state: "Empty" }])
    }))

  it.effect("gives leader epoch and metadata back as committed, and none as empty", () =>
    Effect.gen(function*() {
      const kafka = yield* Kafka
      const groupId = unique("positions")
      const topic = yield* createTopic(4)
      const committed = [
        position(topic, 0, 5n, 0, "m\u00e4rz\u0000"),
        position(topic, 1, 0n, 2_147_483_647, "x".repeat(4096)),
        position(topic, 2, 2n ** 63n - 1n, -1, ""),
        position(topic, 3, 7n, 3, null)
      ]
      yield* patiently(kafka.commitOffsets(nobody(groupId), committed))
      const expected = committed.map((each) => (
        { ...each, metadata: each.metadata ?? "", error: undefined }
      ))
      assert.deepStrictEqual(inOrder(yield* kafka.fetchOffsets(groupId, undefined)), expected)
      assert.deepStrictEqual(inOrder(yield* kafka.fetchOffsets(groupId, committed)), expected)
      const long = position(topic, 0, 6n, 0, "x".repeat(4097))
      const refused = yield* kafka.commitOffsets(nobody(groupId), [long, position(topic, 1, 1n)])
      assert.deepStrictEqual(
        inOrder(refused).map(({ error }) => error),
        ["OFFSET_METADATA_TOO_LARGE", undefined]
      )
      const [kept, changed] = inOrder(yield* kafka.fetchOffsets(groupId, undefined))
      assert.deepStrictEqual([kept, changed?.offset], [expected[0], 1n])
    }))

  it.effect("takes nobody's commits while a group has members, and takes them afterwards", () =>
    Effect.gen(function*() {
      const kafka = yield* Kafka
      const { groupId, join } = yield* alone
      const topic = yield* createTopic(2)
      const wanted = [position(topic, 0, 1n), position(topic, 1, 2n)]
      const commit = patiently(kafka.commitOffsets(nobody(groupId), wanted))
      const refused = yield* commit
      assert.deepStrictEqual(
        inOrder(refused).map(({ error, partition }) => [partition, error]),
        [[0, "UNKNOWN_MEMBER_ID"], [1, "UNKNOWN_MEMBER_ID"]]
      )
      assert.deepStrictEqual(yield* kafka.fetchOffsets(groupId, undefined), [])
      yield* kafka.leaveGroup(groupId, join.memberId)
      assert.deepStrictEqual((yield* commit).map(({ error }) => error), [undefined, undefined])
      const found = inOrder(yield* kafka.fetchOffsets(groupId, undefined))
      assert.deepStrictEqual(found.map(({ offset }) => offset), [1n, 2n])
    }))
}
