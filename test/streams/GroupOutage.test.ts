import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Option } from "effect"
import { KafkaError } from "../../services/Kafka.ts"
import type { KafkaErrorName } from "../../src/codec/kafka/ErrorCodes.ts"
import {
  expectShares,
  groupId,
  offset,
  pass,
  Referee,
  startMember
} from "../support/GroupHarness.ts"
import type { Operation } from "../support/kafka/MemoryFaults.ts"
import * as KafkaMemory from "../support/KafkaMemory.ts"

const clusterWith = (partitions: number) =>
  Effect.tap(KafkaMemory.Cluster, (cluster) => cluster.topics.create("t", partitions))

const memberIds = (
  cluster: KafkaMemory.Cluster["Type"]
) => [...cluster.group(groupId).members.keys()]

describe("a group member and an absent Kafka", () => {
  it.scoped("joins when Kafka comes up, however late", () =>
    Effect.gen(function*() {
      yield* clusterWith(2)
      const referee = new Referee()
      const { faults } = yield* startMember(referee, "a")
      faults.disconnect()
      yield* pass(200)
      assert.deepStrictEqual(referee.events, [])
      faults.reconnect()
      yield* pass(10)
      yield* expectShares(referee, { a: 2 })
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.scoped("loses nothing in an outage shorter than the session", () =>
    Effect.gen(function*() {
      yield* clusterWith(4)
      const referee = new Referee()
      const { faults } = yield* startMember(referee, "a")
      yield* startMember(referee, "b")
      yield* pass(10)
      faults.disconnect()
      yield* pass(35)
      faults.reconnect()
      yield* pass(30)
      yield* expectShares(referee, { a: 2, b: 2 })
      assert.deepStrictEqual(referee.of("a", "lost"), [])
      assert.deepStrictEqual(referee.of("b", "assigned").length, 2)
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.scoped("gives everything up for lost before others get it, and comes back", () =>
    Effect.gen(function*() {
      yield* clusterWith(4)
      const referee = new Referee()
      const { faults, membership } = yield* startMember(referee, "a")
      yield* startMember(referee, "b")
      yield* pass(10)
      faults.disconnect()
      yield* pass(60)
      yield* expectShares(referee, { b: 4 })
      assert.strictEqual(referee.of("a", "lost").length, 2)
      assert.strictEqual(yield* membership.generation.get, -1)
      assert.deepStrictEqual(yield* membership.owned, [])
      faults.reconnect()
      yield* pass(20)
      yield* expectShares(referee, { a: 2, b: 2 })
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.scoped("notices a coordinator that holds the connection and says nothing", () =>
    Effect.gen(function*() {
      yield* clusterWith(2)
      const referee = new Referee()
      const { faults } = yield* startMember(referee, "a")
      yield* pass(10)
      faults.before("heartbeat", Effect.never)
      yield* pass(50)
      assert.strictEqual(referee.of("a", "lost").length, 2)
      faults.heal()
      yield* pass(10)
      yield* expectShares(referee, { a: 2 })
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.scoped("starts anew when the coordinator does not know it any more", () =>
    Effect.gen(function*() {
      const cluster = yield* clusterWith(2)
      const referee = new Referee()
      yield* startMember(referee, "a")
      yield* pass(5)
      const [before] = memberIds(cluster)
      yield* cluster.group(groupId).leave(before ?? "")
      yield* pass(5)
      assert.strictEqual(referee.of("a", "lost").length, 2)
      yield* expectShares(referee, { a: 2 })
      assert.notDeepEqual(memberIds(cluster), [before])
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.scoped("outlasts a moving coordinator in every step", () =>
    Effect.gen(function*() {
      yield* clusterWith(2)
      const referee = new Referee()
      const { faults, membership } = yield* startMember(referee, "a")
      const weather: ReadonlyArray<KafkaErrorName> = [
        "COORDINATOR_NOT_AVAILABLE",
        "NOT_COORDINATOR",
        "COORDINATOR_LOAD_IN_PROGRESS",
        "REQUEST_TIMED_OUT"
      ]
      const steps: ReadonlyArray<Operation> = ["joinGroup", "metadata", "syncGroup", "heartbeat"]
      for (const step of steps) faults.fail(step, ...weather)
      faults.loseAnswer("syncGroup", "CONNECTION_FAILED")
      yield* pass(60)
      yield* expectShares(referee, { a: 2 })
      assert.deepStrictEqual(referee.of("a", "lost"), [])
      assert.isTrue(Option.isNone(yield* Effect.option(Effect.timeout(membership.failure, 0))))
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.scoped("asks once more when a rebalance overtakes its SyncGroup", () =>
    Effect.gen(function*() {
      yield* clusterWith(2)
      const referee = new Referee()
      const { faults } = yield* startMember(referee, "a")
      faults.fail("syncGroup", "REBALANCE_IN_PROGRESS", "REBALANCE_IN_PROGRESS")
      yield* pass(5)
      yield* expectShares(referee, { a: 2 })
      assert.strictEqual(faults.calls("joinGroup"), 3)
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.scoped("ends, everything lost, when no repetition can help", () =>
    Effect.gen(function*() {
      yield* clusterWith(2)
      const referee = new Referee()
      const { faults, membership } = yield* startMember(referee, "a")
      const failing = yield* Effect.fork(membership.failure)
      yield* pass(5)
      faults.fail("heartbeat", "GROUP_AUTHORIZATION_FAILED")
      yield* pass(5)
      const exit = yield* Fiber.await(failing)
      assert.isTrue(Exit.isFailure(exit))
      const error = yield* Effect.flip(membership.failure)
      assert.instanceOf(error, KafkaError)
      assert.strictEqual(error.reason, "GROUP_AUTHORIZATION_FAILED")
      assert.strictEqual(referee.of("a", "lost").length, 2)
      assert.deepStrictEqual((yield* membership.commit([offset(0)])).map(({ error }) => error), [
        "ILLEGAL_GENERATION"
      ])
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.scoped("ends when the group's members speak something else", () =>
    Effect.gen(function*() {
      const cluster = yield* clusterWith(2)
      yield* Effect.fork(
        cluster.group(groupId).join({
          groupId,
          memberId: "",
          sessionTimeoutMs: 600_000,
          rebalanceTimeoutMs: 1000,
          protocolType: "consumer",
          protocols: [{ name: "range", metadata: Buffer.alloc(0) }]
        })
      )
      yield* pass(1)
      const { membership } = yield* startMember(new Referee(), "a")
      yield* pass(1)
      const error = yield* Effect.flip(membership.failure)
      assert.strictEqual(error.reason, "INCONSISTENT_GROUP_PROTOCOL")
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.scoped("leaves also when its program is interrupted", () =>
    Effect.gen(function*() {
      const cluster = yield* clusterWith(2)
      const program = yield* Effect.fork(Effect.scoped(
        Effect.zipRight(startMember(new Referee(), "a"), Effect.never)
      ))
      yield* pass(5)
      assert.strictEqual(memberIds(cluster).length, 1)
      yield* Fiber.interrupt(program)
      assert.deepStrictEqual(memberIds(cluster), [])
    }).pipe(Effect.provide(KafkaMemory.layer)))
})
