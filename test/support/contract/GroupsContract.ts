/** What every Kafka layer must do with consumer groups. */
import type { Vitest } from "@effect/vitest"
import { assert } from "@effect/vitest"
import { Effect, Fiber, Schedule } from "effect"
import type { KafkaError } from "../../../services/Kafka.ts"
import { Kafka } from "../../../services/Kafka.ts"
import { createTopic, patiently, reasonOf, SecondClient, unique } from "./Fixtures.ts"
import { alone, orders, refOf, request } from "./Members.ts"

/** Heartbeats until the coordinator wants something else. */
const untilTold = (heartbeat: Effect.Effect<void, KafkaError>) =>
  reasonOf(Effect.repeat(heartbeat, Schedule.spaced("100 millis")))

export const groupsContract = (it: Vitest.MethodsNonLive<Kafka | SecondClient, true>): void => {
  it.effect("lets a member join alone, as leader", () =>
    Effect.gen(function*() {
      const { assignment, join, ref } = yield* alone
      assert.notStrictEqual(join.memberId, "")
      assert.strictEqual(join.leaderId, join.memberId)
      assert.strictEqual(join.protocol, "test")
      assert.deepStrictEqual(
        join.members.map(({ memberId, metadata }) => [memberId, metadata.toString()]),
        [[join.memberId, "one"]]
      )
      assert.strictEqual(assignment.toString(), "all")
      yield* (yield* Kafka).heartbeat(ref)
    }))

  it.effect("joins two members in one generation, and hands out the leader's assignments", () =>
    Effect.gen(function*() {
      const [kafka, second] = [yield* Kafka, yield* SecondClient]
      const { groupId, join, ref } = yield* alone
      const joining = yield* Effect.fork(second.joinGroup(request(groupId, "", "two")))
      assert.strictEqual(yield* untilTold(kafka.heartbeat(ref)), "REBALANCE_IN_PROGRESS")
      const one = yield* kafka.joinGroup(request(groupId, join.memberId, "one again"))
      const two = yield* Fiber.join(joining)
      assert.strictEqual(one.generation, two.generation)
      assert.isAbove(one.generation, join.generation)
      assert.strictEqual(one.leaderId, two.leaderId)
      const [leader, other] = one.leaderId === one.memberId ? [one, two] : [two, one]
      assert.deepStrictEqual(other.members, [])
      assert.deepStrictEqual(
        leader.members.map(({ metadata }) => metadata.toString()).sort(),
        ["one again", "two"]
      )
      const plan = orders({ [one.memberId]: "a", [two.memberId]: "b" })
      const given = yield* Effect.all([
        kafka.syncGroup(refOf(groupId, one), one === leader ? plan : []),
        second.syncGroup(refOf(groupId, two), two === leader ? plan : [])
      ], { concurrency: 2 })
      assert.deepStrictEqual(given.map(String), ["a", "b"])
      assert.strictEqual(yield* reasonOf(kafka.heartbeat(ref)), "ILLEGAL_GENERATION")

      yield* second.leaveGroup(groupId, two.memberId)
      assert.strictEqual(
        yield* untilTold(kafka.heartbeat(refOf(groupId, one))),
        "REBALANCE_IN_PROGRESS"
      )
    }))

  it.effect("refuses a member that speaks another protocol", () =>
    Effect.gen(function*() {
      const { groupId } = yield* alone
      const foreign = (yield* SecondClient).joinGroup(request(groupId, "", "x", "other"))
      assert.strictEqual(yield* reasonOf(foreign), "INCONSISTENT_GROUP_PROTOCOL")
    }))

  it.effect("knows no member that has left", () =>
    Effect.gen(function*() {
      const kafka = yield* Kafka
      const { groupId, join, ref } = yield* alone
      yield* kafka.leaveGroup(groupId, join.memberId)
      assert.strictEqual(yield* reasonOf(kafka.heartbeat(ref)), "UNKNOWN_MEMBER_ID")
      const again = kafka.joinGroup(request(groupId, join.memberId, "one"))
      assert.strictEqual(yield* reasonOf(again), "UNKNOWN_MEMBER_ID")
    }))

  it.effect("keeps what a member of the generation commits, and nothing from others", () =>
    Effect.gen(function*() {
      const kafka = yield* Kafka
      const { groupId, ref } = yield* alone
      const topic = yield* createTopic(3)
      const at = (partition: number, offset: bigint) => (
        { topic, partition, offset, leaderEpoch: 0, metadata: `ä${partition}` }
      )
      const committed = yield* patiently(kafka.commitOffsets(ref, [at(0, 5n), at(1, 2n ** 60n)]))
      assert.deepStrictEqual(committed.map(({ error }) => error), [undefined, undefined])
      const refused = (member: typeof ref) =>
        Effect.map(
          kafka.commitOffsets(member, [at(0, 1n), at(1, 1n)]),
          (answers) => answers.map(({ error }) => error)
        )
      const stale = { ...ref, generation: ref.generation - 1 }
      assert.deepStrictEqual(yield* refused(stale), ["ILLEGAL_GENERATION", "ILLEGAL_GENERATION"])
      const unknown = yield* refused({ ...ref, memberId: "nobody" })
      assert.deepStrictEqual(unknown, ["UNKNOWN_MEMBER_ID", "UNKNOWN_MEMBER_ID"])
      const outsider = yield* refused({ groupId, generation: -1, memberId: "" })
      assert.deepStrictEqual(outsider, ["UNKNOWN_MEMBER_ID", "UNKNOWN_MEMBER_ID"])

      const expected = [
        { ...at(0, 5n), error: undefined },
        { ...at(1, 2n ** 60n), error: undefined }
      ]
      const all = yield* kafka.fetchOffsets(groupId, undefined)
      assert.deepStrictEqual([...all].sort((a, b) => a.partition - b.partition), expected)
      const [, none] = yield* kafka.fetchOffsets(groupId, [at(0, 0n), at(2, 0n)])
      assert.strictEqual(none?.offset, -1n)
      assert.isUndefined(none?.error)
    }))

  it.effect("takes commits for a group without members from anybody", () =>
    Effect.gen(function*() {
      const kafka = yield* Kafka
      const groupId = unique("empty")
      const topic = yield* createTopic(1)
      const offset = { topic, partition: 0, offset: 42n, leaderEpoch: -1, metadata: null }
      const missing = { ...offset, topic: unique("missing") }
      const nobody = { groupId, generation: -1, memberId: "" }
      const answers = yield* patiently(kafka.commitOffsets(nobody, [offset, missing]))
      assert.deepStrictEqual(
        new Map(answers.map((each) => [each.topic, each.error])),
        new Map([[topic, undefined], [missing.topic, "UNKNOWN_TOPIC_OR_PARTITION"]])
      )
      const [found] = yield* kafka.fetchOffsets(groupId, undefined)
      assert.strictEqual(found?.offset, 42n)
      assert.strictEqual(found?.leaderEpoch, -1)
    }))
}
