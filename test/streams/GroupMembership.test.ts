import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Scope } from "effect"
import {
  expectShares,
  groupId,
  offset,
  pass,
  Referee,
  startMember
} from "../support/GroupHarness.ts"
import * as KafkaMemory from "../support/KafkaMemory.ts"

const clusterWith = (topics: Record<string, number>) =>
  Effect.map(KafkaMemory.Cluster, (cluster) => {
    for (const [topic, count] of Object.entries(topics)) cluster.topics.create(topic, count)
    return cluster
  })

describe("joinGroup", () => {
  it.scoped("owns everything alone", () =>
    Effect.gen(function*() {
      yield* clusterWith({ t: 4, other: 2 })
      const referee = new Referee()
      const { membership } = yield* startMember(referee, "a")
      yield* pass(1)
      yield* expectShares(referee, { a: 4 })
      assert.strictEqual((yield* membership.owned).length, 4)
      assert.strictEqual(yield* membership.generation.get, 1)
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.scoped("shares with whoever joins, and takes back from whoever leaves", () =>
    Effect.gen(function*() {
      yield* clusterWith({ t: 6 })
      const referee = new Referee()
      const a = yield* startMember(referee, "a")
      yield* pass(2)
      const b = yield* startMember(referee, "b")
      yield* pass(10)
      yield* expectShares(referee, { a: 3, b: 3 })
      yield* startMember(referee, "c")
      yield* pass(10)
      yield* expectShares(referee, { a: 2, b: 2, c: 2 })
      yield* a.close
      yield* pass(10)
      yield* expectShares(referee, { b: 3, c: 3 })
      yield* b.close
      yield* pass(10)
      yield* expectShares(referee, { c: 6 })
      assert.notInclude(referee.events.map(([, what]) => what), "lost")
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.scoped("keeps what it owns while others come and go", () =>
    Effect.gen(function*() {
      yield* clusterWith({ t: 6 })
      const referee = new Referee()
      yield* startMember(referee, "a")
      yield* pass(2)
      const b = yield* startMember(referee, "b")
      yield* pass(10)
      yield* b.close
      yield* pass(10)
      assert.strictEqual(referee.of("a", "revoked").length, 3)
      assert.strictEqual(referee.of("a", "assigned").length, 9)
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.scoped("takes up partitions that are added, and lets go of a deleted topic", () =>
    Effect.gen(function*() {
      const cluster = yield* clusterWith({ t: 2, u: 2 })
      const referee = new Referee()
      yield* startMember(referee, "a", { topics: ["t", "u", "not yet there"] })
      yield* startMember(referee, "b", { topics: ["t", "u", "not yet there"] })
      yield* pass(10)
      yield* expectShares(referee, { a: 2, b: 2 })
      cluster.topics.grow("t", 6)
      yield* pass(45)
      yield* expectShares(referee, { a: 4, b: 4 })
      cluster.topics.remove("u")
      yield* pass(45)
      yield* expectShares(referee, { a: 3, b: 3 })
      cluster.topics.create("not yet there", 2)
      yield* pass(45)
      yield* expectShares(referee, { a: 4, b: 4 })
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.scoped("keeps partitions of a topic that a broker cannot describe just now", () =>
    Effect.gen(function*() {
      const cluster = yield* clusterWith({ t: 4 })
      const referee = new Referee()
      const a = yield* startMember(referee, "a")
      yield* pass(5)
      const topic = cluster.topics.find("t")
      if (topic !== undefined) topic.error = "LEADER_NOT_AVAILABLE"
      yield* pass(40)
      yield* startMember(referee, "b")
      yield* pass(10)
      yield* expectShares(referee, { a: 2, b: 2 })
      yield* a.close
      yield* pass(10)
      assert.strictEqual(referee.of("b", "revoked").length, 0)
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.scoped("follows its subscription, and leaves to others what it does not want", () =>
    Effect.gen(function*() {
      yield* clusterWith({ t: 2, u: 4 })
      const referee = new Referee()
      const a = yield* startMember(referee, "a", { topics: ["t"] })
      yield* startMember(referee, "b", { topics: ["u"] })
      yield* pass(10)
      yield* expectShares(referee, { a: 2, b: 4 })
      yield* a.membership.subscribe(["u", "t"])
      yield* pass(10)
      yield* expectShares(referee, { a: 3, b: 3 })
      yield* a.membership.subscribe(["u"])
      yield* pass(10)
      yield* expectShares(referee, { a: 2, b: 2 })
      const generation = yield* a.membership.generation.get
      yield* a.membership.subscribe(["u", "u"])
      yield* pass(10)
      assert.strictEqual(yield* a.membership.generation.get, generation)
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.scoped("leaves at once when its scope closes, after the owner's finalizers", () =>
    Effect.gen(function*() {
      const cluster = yield* clusterWith({ t: 2 })
      const referee = new Referee()
      const { close, membership, scope } = yield* startMember(referee, "a")
      yield* pass(5)
      yield* Effect.addFinalizer(() => Effect.ignore(membership.commit([offset(0, 99n)]))).pipe(
        Effect.provideService(Scope.Scope, scope)
      )
      yield* close
      assert.strictEqual(cluster.group(groupId).offsets.of(offset(0)).offset, 99n)
      assert.strictEqual(cluster.group(groupId).phase, "Empty")
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.scoped("does not wait long for a coordinator that says nothing on leaving", () =>
    Effect.gen(function*() {
      yield* clusterWith({ t: 2 })
      const { close, faults } = yield* startMember(new Referee(), "a")
      yield* pass(5)
      faults.before("leaveGroup", Effect.never)
      const closing = yield* Effect.fork(close)
      yield* pass(2)
      yield* Fiber.join(closing)
    }).pipe(Effect.provide(KafkaMemory.layer)))
})
