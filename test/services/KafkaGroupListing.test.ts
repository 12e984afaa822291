import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import type { ListedGroups } from "../../services/Kafka.ts"
import { Kafka } from "../../services/Kafka.ts"
import { partitionFor } from "../../services/kafka/CoordinatorProbes.ts"
import { ScriptedBrokers } from "../support/ScriptedBrokers.ts"

const stable = (groupId: string) => ({ groupId, state: "Stable" })

const list = Effect.flatMap(Kafka, (kafka) => kafka.listGroups)

/** With a minute for what is asked again. */
const listPatiently = Effect.gen(function*() {
  const listing = yield* Effect.fork(list)
  yield* TestClock.adjust("60 seconds")
  return yield* Fiber.join(listing)
})

const namesOf = ({ groups }: ListedGroups) => groups.map(({ groupId }) => groupId)
const lackOf = ({ unanswered }: ListedGroups) =>
  unanswered.map(({ broker, error }) => [broker, error.reason, error.retriable])

/** Two brokers with a group each. */
const scripted = () => {
  const brokers = new ScriptedBrokers()
  brokers.groups.set(1, [stable("b")])
  brokers.groups.set(2, [stable("a")])
  return brokers
}

describe("listing the groups of all brokers", () => {
  it.effect("gives each group once, in name order, with the state it has where it lives", () => {
    const brokers = scripted()
    brokers.groups.set(1, [stable("b"), { groupId: "c", state: "Dead" }, stable("d")])
    brokers.groups.set(2, [stable("a"), stable("c"), { groupId: "d", state: "" }])
    return Effect.map(list, (listed) => {
      const group = { protocolType: "consumer", state: "Stable" }
      assert.deepStrictEqual(
        listed.groups,
        ["a", "b", "c", "d"].map((groupId) => (
          { groupId, ...group }
        ))
      )
      assert.deepStrictEqual(lackOf(listed), [])
    }).pipe(Effect.provide(brokers.layer))
  })

  it.effect("waits for a coordinator that is loading", () => {
    const brokers = scripted()
    brokers.errors.set(1, [14, 15, 14])
    return Effect.map(listPatiently, (listed) => {
      assert.deepStrictEqual(namesOf(listed), ["a", "b"])
      assert.strictEqual(brokers.count("ListGroups"), 5)
    }).pipe(Effect.provide(brokers.layer))
  })

  it.effect("names a broker that does not answer, and fails when none does", () => {
    const brokers = scripted()
    brokers.down.add(2)
    return Effect.gen(function*() {
      const listed = yield* listPatiently
      assert.deepStrictEqual(namesOf(listed), ["b"])
      assert.deepStrictEqual(lackOf(listed), [[2, "CONNECTION_FAILED", true]])
      brokers.errors.set(1, [31])
      assert.strictEqual((yield* Effect.flip(listPatiently)).reason, "CLUSTER_AUTHORIZATION_FAILED")
    }).pipe(Effect.provide(brokers.layer))
  })

  it.effect("names the broker of partitions without a leader, at once", () => {
    const brokers = scripted()
    brokers.partitions = [{ leader: 1 }, { leader: 2 }, { leader: -1 }]
    return Effect.map(list, (listed) => {
      assert.deepStrictEqual(lackOf(listed), [[7, "COORDINATOR_NOT_AVAILABLE", true]])
    }).pipe(Effect.provide(brokers.layer))
  })

  it.effect("waits for groups that are moving, and names the broker that does not get them", () => {
    const brokers = scripted()
    const moving = { leader: 1, server: 0 }
    brokers.partitions = [moving, { leader: 2 }]
    return Effect.gen(function*() {
      assert.deepStrictEqual(lackOf(yield* listPatiently), [[1, "COORDINATOR_NOT_AVAILABLE", true]])
      const listing = yield* Effect.fork(list)
      yield* TestClock.adjust("1 seconds")
      moving.server = 1
      yield* TestClock.adjust("1 seconds")
      assert.deepStrictEqual(lackOf(yield* Fiber.join(listing)), [])
    }).pipe(Effect.provide(brokers.layer))
  })

  it.effect("believes the leaders when it may not describe groups", () => {
    const brokers = scripted()
    brokers.secret = true
    return Effect.gen(function*() {
      assert.deepStrictEqual(lackOf(yield* list), [])
      brokers.partitions = [{ leader: 1 }, { leader: -1 }]
      assert.deepStrictEqual(lackOf(yield* list), [[7, "COORDINATOR_NOT_AVAILABLE", true]])
    }).pipe(Effect.provide(brokers.layer))
  })

  it("finds a group's partition as the broker does", () => {
    const names = ["", "g", "größe", "polygenelubricants", "😀"]
    assert.deepStrictEqual(names.map((name) => partitionFor(name, 50)), [0, 3, 7, 0, 49])
    const long = "a-very-long-consumer-group-name-that-overflows"
    assert.strictEqual(partitionFor(long, 7), 5)
  })
})

describe("finding coordinators", () => {
  const fetchOffsets = (groupId: string) =>
    Effect.flatMap(Kafka, (kafka) => kafka.fetchOffsets(groupId, undefined))

  it.effect("asks nobody for groups that were listed", () => {
    const brokers = scripted()
    return Effect.gen(function*() {
      yield* list
      const asked = brokers.count("Metadata")
      for (const groupId of ["a", "b"]) yield* fetchOffsets(groupId)
      assert.deepStrictEqual(brokers.calls.slice(-2), ["OffsetFetch 2", "OffsetFetch 1"])
      assert.strictEqual(brokers.count("FindCoordinator"), 0)
      assert.strictEqual(brokers.count("Metadata"), asked)
    }).pipe(Effect.provide(brokers.layer))
  })

  it.effect("asks for metadata only when the coordinator is not known where it is", () => {
    const brokers = scripted()
    return Effect.gen(function*() {
      for (const groupId of ["x", "y", "z"]) yield* fetchOffsets(groupId)
      assert.deepStrictEqual([brokers.count("FindCoordinator"), brokers.count("Metadata")], [3, 1])
      brokers.ports.set(1, 9999)
      brokers.coordinator = { nodeId: 1, port: 9999 }
      for (const groupId of ["u", "v"]) yield* fetchOffsets(groupId)
      assert.deepStrictEqual([brokers.count("FindCoordinator"), brokers.count("Metadata")], [5, 2])
    }).pipe(Effect.provide(brokers.layer))
  })
})
