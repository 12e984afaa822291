import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer } from "effect"
import {
  committedIn,
  createRestored,
  joinAsMember,
  location,
  putRestored,
  putSnapshot,
  restoredTopic,
  restoreLines
} from "../support/GroupsRestoreHarness.ts"
import { failed } from "../support/kafka/MemoryFaults.ts"
import * as KafkaMemory from "../support/KafkaMemory.ts"
import * as ObjectStoreMemory from "../support/ObjectStoreMemory.ts"
import { putObject, world } from "../support/RestoreHarness.ts"

const orders = { topic: "restored.orders", partition: 0 }

/** One group that is to go to offset 1 of `orders`. */
const oneGroup = Effect.zipRight(
  restoredTopic("orders", [5, 6, 7]),
  putSnapshot({ g: { "orders-0": [6, "note"] } })
)
const there = "g restored.orders-0 6>1 exact +2"

describe("a group with live members", () => {
  const alive = "the group has live members (state Stable): stop its consumers"

  it.effect("is told and not touched", () =>
    Effect.gen(function*() {
      yield* oneGroup
      yield* joinAsMember("g")
      assert.deepStrictEqual(yield* restoreLines(), [`g restored.orders-0 6>- failed (${alive})`])
      assert.deepStrictEqual(yield* committedIn("g"), [])
    }).pipe(Effect.provide(world)))

  it.effect("is translated by a dry run, which says so", () =>
    Effect.gen(function*() {
      yield* oneGroup
      yield* joinAsMember("g")
      const lines = yield* restoreLines({ dryRun: true })
      assert.deepStrictEqual(lines, [`${there} (${alive})`])
      assert.deepStrictEqual(yield* committedIn("g"), [])
    }).pipe(Effect.provide(world)))

  it.effect("is left alone without complaint where it has its offsets", () =>
    Effect.gen(function*() {
      yield* oneGroup
      yield* restoreLines()
      yield* joinAsMember("g")
      assert.deepStrictEqual(yield* restoreLines(), [
        "g restored.orders-0 6>1 skipped +2 (already at offset 1)"
      ])
    }).pipe(Effect.provide(world)))

  it.effect("is waited for", () =>
    Effect.gen(function*() {
      yield* oneGroup
      const { leave } = yield* joinAsMember("g")
      const faults = yield* KafkaMemory.KafkaFaults
      faults.before(
        "listGroups",
        Effect.suspend(() => faults.calls("listGroups") < 3 ? Effect.void : Effect.ignore(leave))
      )
      assert.deepStrictEqual(yield* restoreLines({ once: false }), [there])
    }).pipe(Effect.provide(world)))

  it.effect("that came after the look is seen at the commit", () =>
    Effect.gen(function*() {
      yield* oneGroup
      const faults = yield* KafkaMemory.KafkaFaults
      const cluster = yield* KafkaMemory.Cluster
      faults.before(
        "commitOffsets",
        Effect.provideService(
          Effect.orDie(joinAsMember("g")),
          KafkaMemory.Cluster,
          cluster
        )
      )
      const [line] = yield* restoreLines()
      assert.match(line ?? "", /6>- failed \(the group has live members \(a commit is answered /)
    }).pipe(Effect.provide(world)))
})

describe("commits", () => {
  it.effect("are read back, and a difference is told", () =>
    Effect.gen(function*() {
      yield* oneGroup
      const cluster = yield* KafkaMemory.Cluster
      const faults = yield* KafkaMemory.KafkaFaults
      const spoil = (offset: bigint, metadata: string) =>
        faults.before(
          "fetchOffsets",
          Effect.sync(() => {
            if (faults.calls("commitOffsets") === 0) return
            cluster.group("g").offsets.commit({ ...orders, offset, leaderEpoch: -1, metadata })
          })
        )
      spoil(2n, "note")
      assert.deepStrictEqual(yield* restoreLines(), [
        "g restored.orders-0 6>- failed (committed as 1, but read back as 2)"
      ])
    }).pipe(Effect.provide(world)))

  it.effect("are read back with their metadata", () =>
    Effect.gen(function*() {
      yield* oneGroup
      const cluster = yield* KafkaMemory.Cluster
      const faults = yield* KafkaMemory.KafkaFaults
      faults.before(
        "fetchOffsets",
        Effect.sync(() => {
          if (faults.calls("commitOffsets") === 0) return
          cluster.group("g").offsets.commit({
            ...orders,
            offset: 1n,
            leaderEpoch: -1,
            metadata: "other"
          })
        })
      )
      assert.deepStrictEqual(yield* restoreLines(), [
        "g restored.orders-0 6>- failed (committed, but the metadata is read back as \"other\")"
      ])
    }).pipe(Effect.provide(world)))

  it.effect("leave out metadata that is too large, and say so", () =>
    Effect.gen(function*() {
      yield* createRestored("orders", 2)
      yield* putRestored("orders", 0, [0, 1])
      yield* putRestored("orders", 1, [0, 1])
      yield* putSnapshot({ g: { "orders-0": [1, "x".repeat(5000)], "orders-1": [1, "small"] } })
      assert.deepStrictEqual(yield* restoreLines(), [
        "g restored.orders-0 1>1 exact +1 (metadata left out, " +
        "it is larger than offset.metadata.max.bytes of the target)",
        "g restored.orders-1 1>1 exact +1"
      ])
      assert.deepStrictEqual(yield* committedIn("g"), [
        "restored.orders-0=1",
        "restored.orders-1=1 small"
      ])
    }).pipe(Effect.provide(world)))

  it.effect("whose answer is lost are sent again, or found by the next pass", () =>
    Effect.gen(function*() {
      yield* oneGroup
      const faults = yield* KafkaMemory.KafkaFaults
      faults.loseAnswer("commitOffsets", "REQUEST_TIMED_OUT", "REQUEST_TIMED_OUT")
      assert.deepStrictEqual(yield* restoreLines(), [there])
      assert.strictEqual(faults.calls("commitOffsets"), 3)
    }).pipe(Effect.provide(world)))

  it.effect("that cannot be read back in this pass are confirmed by the next", () =>
    Effect.gen(function*() {
      yield* oneGroup
      const faults = yield* KafkaMemory.KafkaFaults
      const away = Array.from({ length: 40 }, () => "COORDINATOR_NOT_AVAILABLE" as const)
      faults.before(
        "fetchOffsets",
        Effect.sync(() => {
          if (faults.calls("commitOffsets") === 1) faults.fail("fetchOffsets", ...away.splice(0))
        })
      )
      assert.deepStrictEqual(yield* restoreLines({ once: false }), [there])
      assert.strictEqual(faults.calls("commitOffsets"), 1)
    }).pipe(Effect.provide(world)))

  it.effect("that are not permitted fail this group only", () =>
    Effect.gen(function*() {
      yield* oneGroup
      yield* putSnapshot({ g: { "orders-0": 6 }, h: { "orders-0": 7 } })
      const faults = yield* KafkaMemory.KafkaFaults
      faults.fail("commitOffsets", "GROUP_AUTHORIZATION_FAILED")
      const lines = yield* restoreLines({ once: false })
      assert.match(lines[0] ?? "", /^g .* failed \(.*GROUP_AUTHORIZATION_FAILED/)
      assert.strictEqual(lines[1], "h restored.orders-0 7>2 exact +1")
    }).pipe(Effect.provide(world)))
})

describe("servers that are away", () => {
  it.effect("a coordinator holds up its own groups only", () =>
    Effect.gen(function*() {
      yield* oneGroup
      const cluster = yield* KafkaMemory.Cluster
      const names = ["a", "b", "c", "d"]
      yield* putSnapshot(Object.fromEntries(names.map((name) => [name, { "orders-0": 6 }])))
      const away = cluster.coordinatorOf("b")
      cluster.brokersAway.add(away)
      for (const line of yield* restoreLines()) {
        const [name = ""] = line.split(" ")
        assert.match(line, cluster.coordinatorOf(name) === away ? /failed.*COORDINATOR/ : / exact /)
      }
      cluster.brokersAway.clear()
      assert.isTrue((yield* restoreLines()).every((line) => / (exact|skipped) /.test(line)))
    }).pipe(Effect.provide(Layer.merge(world, KafkaMemory.layerOf(3)))))

  it.effect("Kafka ends a restore at its start, and is waited for later", () =>
    Effect.gen(function*() {
      yield* oneGroup
      const faults = yield* KafkaMemory.KafkaFaults
      faults.disconnect()
      for (const once of [true, false]) {
        assert.isTrue(Exit.isFailure(yield* Effect.exit(restoreLines({ once }))))
      }
      faults.reconnect()
      let asked = 0
      const away = Effect.suspend(() => {
        asked += 1
        return asked > 1 && asked < 30
          ? failed("metadata", "", "CONNECTION_FAILED")
          : Effect.void
      })
      faults.before("metadata", away)
      assert.deepStrictEqual(yield* restoreLines({ once: false }), [there])
      assert.isAtLeast(asked, 30)
    }).pipe(Effect.provide(world)))

  it.effect("a partition that cannot be searched fails alone", () =>
    Effect.gen(function*() {
      yield* createRestored("orders", 2)
      yield* putRestored("orders", 0, [0, 1])
      yield* putRestored("orders", 1, [0, 1])
      yield* putSnapshot({ g: { "orders-0": 1, "orders-1": 1 } })
      const log = (yield* KafkaMemory.Cluster).topics.log(orders)
      log.batches[0]?.bytes.fill(7, 40)
      const lines = yield* restoreLines({ once: false })
      assert.match(lines[0] ?? "", /orders-0 1>- failed \(/)
      assert.strictEqual(lines[1], "g restored.orders-1 1>1 exact +1")
    }).pipe(Effect.provide(world)))
})

describe("a snapshot", () => {
  const reasonOf = Effect.map(Effect.flip(restoreLines()), ({ message }) => message)

  it.effect("that is missing or damaged ends it before anything is done", () =>
    Effect.gen(function*() {
      assert.include(yield* reasonOf, location)
      yield* putObject(location, Buffer.from("not a snapshot"))
      assert.include(yield* reasonOf, location)
      yield* putSnapshot({ g: { "orders-0": 6 } })
      const { objects } = yield* ObjectStoreMemory.Bucket
      const stored = objects.get(location)?.bytes ?? new Uint8Array()
      stored[stored.length - 30] = 255 - (stored[stored.length - 30] ?? 0)
      assert.include(yield* reasonOf, location)
      const faults = yield* KafkaMemory.KafkaFaults
      assert.strictEqual(faults.calls("metadata") + faults.calls("commitOffsets"), 0)
    }).pipe(Effect.provide(world)))

  it.effect("without positions is restored at once", () =>
    Effect.gen(function*() {
      yield* putSnapshot({ idle: {} })
      assert.deepStrictEqual(yield* restoreLines({ once: false }), [])
    }).pipe(Effect.provide(world)))
})
