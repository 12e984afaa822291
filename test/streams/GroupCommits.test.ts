import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Ref } from "effect"
import {
  expectShares,
  groupId,
  offset,
  pass,
  Referee,
  startMember
} from "../support/GroupHarness.ts"
import * as KafkaMemory from "../support/KafkaMemory.ts"

const clusterWith = (partitions: number) =>
  Effect.tap(KafkaMemory.Cluster, (cluster) => cluster.topics.create("t", partitions))

const errors = (answers: ReadonlyArray<{ readonly error: string | undefined }>) =>
  answers.map(({ error }) => error)

describe("commits and handlers of a group member", () => {
  it.scoped("commits what is owned, and refuses the rest without asking", () =>
    Effect.gen(function*() {
      const cluster = yield* clusterWith(2)
      const { faults, membership } = yield* startMember(new Referee(), "a")
      yield* pass(5)
      const answers = yield* membership.commit([
        offset(9),
        { ...offset(1, 41n), metadata: "m", leaderEpoch: 3 },
        offset(0, 5n, "other")
      ])
      assert.deepStrictEqual(errors(answers), [
        "ILLEGAL_GENERATION",
        undefined,
        "ILLEGAL_GENERATION"
      ])
      const [committed] = yield* membership.committed([offset(1)])
      assert.deepInclude(committed, { offset: 41n, metadata: "m", leaderEpoch: 3 })
      assert.strictEqual(cluster.group(groupId).offsets.all.length, 1)
      yield* membership.commit([offset(9)])
      assert.strictEqual(faults.calls("commitOffsets"), 1)
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.scoped("cannot write any more once another member took over", () =>
    Effect.gen(function*() {
      const cluster = yield* clusterWith(2)
      const referee = new Referee()
      const a = yield* startMember(referee, "a")
      yield* pass(5)
      a.faults.before("heartbeat", Effect.never)
      const [dropped] = cluster.group(groupId).members.keys()
      yield* cluster.group(groupId).leave(dropped ?? "")
      referee.forget("a")
      const b = yield* startMember(referee, "b")
      yield* pass(5)
      assert.deepStrictEqual(errors(yield* b.membership.commit([offset(0, 50n)])), [undefined])
      assert.strictEqual((yield* a.membership.owned).length, 2)
      const late = yield* a.membership.commit([offset(0, 10n)])
      assert.deepStrictEqual(errors(late), ["UNKNOWN_MEMBER_ID"])
      assert.strictEqual(cluster.group(groupId).offsets.of(offset(0)).offset, 50n)
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.scoped("commits while it hands over, and the next owner begins there", () =>
    Effect.gen(function*() {
      const cluster = yield* clusterWith(4)
      const referee = new Referee()
      const answers: Array<string | undefined> = []
      yield* startMember(referee, "a", {
        beforeRevoked: (membership, partitions) =>
          Effect.gen(function*() {
            yield* Effect.sleep("20 seconds")
            const offsets = partitions.map(({ partition }) => offset(partition, 123n))
            answers.push(...errors(yield* membership()?.commit(offsets) ?? Effect.succeed([])))
          }).pipe(Effect.orDie)
      })
      yield* pass(5)
      yield* startMember(referee, "b")
      yield* pass(15)
      assert.deepStrictEqual(referee.of("b", "assigned"), [])
      yield* pass(20)
      yield* expectShares(referee, { a: 2, b: 2 })
      assert.deepStrictEqual(answers, [undefined, undefined])
      assert.strictEqual(cluster.group(groupId).offsets.all.length, 2)
      assert.deepStrictEqual(referee.of("a", "lost"), [])
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.scoped("waits out a rebalance that the leader is slow to complete", () =>
    Effect.gen(function*() {
      const cluster = yield* clusterWith(4)
      const referee = new Referee()
      const leader = yield* startMember(referee, "a")
      yield* pass(2)
      const { membership } = yield* startMember(referee, "b")
      yield* pass(10)
      const [mine] = yield* membership.owned
      leader.faults.delay("syncGroup", 8000)
      yield* leader.membership.subscribe(["t", "u"])
      yield* pass(5)
      assert.strictEqual(cluster.group(groupId).phase, "CompletingRebalance")
      const commit = yield* Effect.fork(membership.commit([offset(mine?.partition ?? -1)]))
      yield* pass(20)
      assert.deepStrictEqual(errors(yield* Fiber.join(commit)), [undefined])
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.scoped("is dropped, not stuck, when handing over takes for ever and others want to go on", () =>
    Effect.gen(function*() {
      yield* clusterWith(4)
      const referee = new Referee()
      const stuck = yield* Ref.make(true)
      yield* startMember(referee, "a", {
        beforeRevoked: () => Effect.flatMap(Ref.get(stuck), (is) => is ? Effect.never : Effect.void)
      })
      yield* pass(5)
      const b = yield* startMember(referee, "b")
      yield* pass(100)
      assert.deepStrictEqual(referee.of("b", "assigned"), [])
      yield* Ref.set(stuck, false)
      yield* b.membership.subscribe(["t", "u"])
      yield* pass(90)
      assert.strictEqual(referee.of("a", "lost").length, 4)
      yield* expectShares(referee, { a: 2, b: 2 })
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.scoped("takes part in a rebalance while a handler is still opening what was assigned", () =>
    Effect.gen(function*() {
      yield* clusterWith(4)
      const referee = new Referee()
      yield* startMember(referee, "a", { beforeAssigned: Effect.sleep("25 seconds") })
      yield* pass(5)
      yield* startMember(referee, "b")
      yield* pass(10)
      assert.deepStrictEqual(referee.events, [])
      yield* pass(30)
      assert.deepStrictEqual(referee.events.map(([who, what, all]) => [who, what, all.length]), [
        ["a", "assigned", 4],
        ["a", "revoked", 2],
        ["b", "assigned", 2]
      ])
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.scoped("drops an assignment that nobody took up when it is lost", () =>
    Effect.gen(function*() {
      const cluster = yield* clusterWith(2)
      const referee = new Referee()
      const slow = yield* Ref.make(true)
      yield* startMember(referee, "a", {
        beforeAssigned: Effect.flatMap(Ref.get(slow), (is) => is ? Effect.never : Effect.void)
      })
      yield* pass(5)
      yield* Ref.set(slow, false)
      yield* cluster.group(groupId).leave([...cluster.group(groupId).members.keys()][0] ?? "")
      yield* pass(5)
      assert.deepStrictEqual(referee.events.map(([, what, all]) => [what, all.length]), [
        ["lost", 2],
        ["assigned", 2]
      ])
    }).pipe(Effect.provide(KafkaMemory.layer)))

  it.scoped("ends when a handler dies", () =>
    Effect.gen(function*() {
      yield* clusterWith(2)
      const { membership } = yield* startMember(new Referee(), "a", {
        beforeAssigned: Effect.die("broken")
      })
      yield* pass(5)
      const exit = yield* Effect.exit(membership.failure)
      assert.include(String(exit), "broken")
    }).pipe(Effect.provide(KafkaMemory.layer)))
})
