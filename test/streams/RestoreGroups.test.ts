import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import {
  committedIn,
  createRestored,
  putArchived,
  putRestored,
  putSnapshot,
  restoredTopic,
  restoreLines
} from "../support/GroupsRestoreHarness.ts"
import * as KafkaMemory from "../support/KafkaMemory.ts"
import { world } from "../support/RestoreHarness.ts"

describe("positions", () => {
  it.effect("go to the first restored record at or after them, with their metadata", () =>
    Effect.gen(function*() {
      yield* restoredTopic("orders", [10, 11, 15, 16])
      yield* putSnapshot({
        before: { "orders-0": 3 },
        first: { "orders-0": 10 },
        gap: { "orders-0": [12, "by hand"] },
        last: { "orders-0": 16 },
        next: { "orders-0": 17 }
      })
      assert.deepStrictEqual(yield* restoreLines(), [
        "before restored.orders-0 3>0 exact +4",
        "first restored.orders-0 10>0 exact +4",
        "gap restored.orders-0 12>2 exact +2",
        "last restored.orders-0 16>3 exact +1",
        "next restored.orders-0 17>4 exact +0"
      ])
      assert.deepStrictEqual(yield* committedIn("gap"), ["restored.orders-0=2 by hand"])
      const { offsets } = (yield* KafkaMemory.Cluster).group("next")
      assert.strictEqual(offsets.of({ topic: "restored.orders", partition: 0 }).leaderEpoch, -1)
    }).pipe(Effect.provide(world)))

  it.effect("of all partitions of a group come in one commit", () =>
    Effect.gen(function*() {
      yield* createRestored("orders", 3)
      for (const partition of [0, 1, 2]) yield* putRestored("orders", partition, [0, 1])
      yield* putSnapshot({ g: { "orders-0": 0, "orders-1": 1, "orders-2": 2 } })
      yield* restoreLines()
      assert.deepStrictEqual(yield* committedIn("g"), [
        "restored.orders-0=0",
        "restored.orders-1=1",
        "restored.orders-2=2"
      ])
      assert.strictEqual((yield* KafkaMemory.KafkaFaults).calls("commitOffsets"), 1)
    }).pipe(Effect.provide(world)))

  it.effect("are chosen and named as asked", () =>
    Effect.gen(function*() {
      yield* restoredTopic("orders", [0, 1])
      yield* restoredTopic("parcels", [0, 1])
      yield* putSnapshot({
        a: { "orders-0": 1, "parcels-0": 1 },
        b: { "orders-0": 1 },
        c: { "orders-0": 1 },
        nothing: {}
      })
      const lines = yield* restoreLines({
        groupsPrefix: "new.",
        includeGroups: (name) => name !== "b",
        excludeGroups: (name) => name === "c",
        excludeTopics: (name) => name === "parcels"
      })
      assert.deepStrictEqual(lines, ["new.a restored.orders-0 1>1 exact +1"])
      assert.deepStrictEqual(yield* committedIn("new.a"), ["restored.orders-0=1"])
      assert.deepStrictEqual(yield* committedIn("a"), [])
    }).pipe(Effect.provide(world)))

  it.effect("that are there already are left alone, so that it can be repeated", () =>
    Effect.gen(function*() {
      yield* restoredTopic("orders", [5, 6, 7])
      yield* putSnapshot({ g: { "orders-0": 6 }, h: { "orders-0": 5 } })
      assert.deepStrictEqual(yield* restoreLines({ includeGroups: (name) => name === "g" }), [
        "g restored.orders-0 6>1 exact +2"
      ])
      const second = [
        "g restored.orders-0 6>1 skipped +2 (already at offset 1)",
        "h restored.orders-0 5>0 exact +3"
      ]
      assert.deepStrictEqual(yield* restoreLines(), second)
      assert.deepStrictEqual(yield* committedIn("g"), ["restored.orders-0=1"])
    }).pipe(Effect.provide(world)))
})

describe("a position ahead of what is restored", () => {
  const ahead = Effect.zipRight(
    restoredTopic("orders", [0, 1, 2]),
    putSnapshot({ g: { "orders-0": 9 } })
  )
  const where = "(restored up to source offset 2, committed 9)"

  it.effect("is the end when the archive has nothing between", () =>
    Effect.gen(function*() {
      yield* ahead
      yield* putArchived("orders", 0, 2)
      yield* putArchived("orders", 9, 12)
      assert.deepStrictEqual(yield* restoreLines({ archivePrefix: "archive" }), [
        "g restored.orders-0 9>3 exact +0"
      ])
    }).pipe(Effect.provide(world)))

  it.effect("fails at once when the archive has more, and nobody may wait", () =>
    Effect.gen(function*() {
      yield* ahead
      yield* putArchived("orders", 0, 12)
      const [line] = yield* restoreLines({ archivePrefix: "archive", onAhead: "latest" })
      assert.include(line, "9>- failed (the archive holds records before the committed offset")
      assert.deepStrictEqual(yield* committedIn("g"), [])
    }).pipe(Effect.provide(world)))

  it.effect("goes by the policy when nothing is known", () =>
    Effect.gen(function*() {
      yield* ahead
      const [failed] = yield* restoreLines({ onAhead: "fail" })
      assert.include(
        failed,
        `9>- failed (the committed offset is ahead of what is restored ${where}`
      )
      const [waited] = yield* restoreLines({ onAhead: "wait" })
      assert.include(waited, "9>- failed")
      const [shown] = yield* restoreLines({ onAhead: "wait", dryRun: true, once: false })
      assert.include(shown, "9>- failed (would wait: the committed offset is ahead")
      const [clamped] = yield* restoreLines({ onAhead: "latest" })
      assert.include(clamped, "9>3 clamped +0 (the committed offset is ahead")
      assert.deepStrictEqual(yield* committedIn("g"), ["restored.orders-0=3"])
    }).pipe(Effect.provide(world)))

  it.effect("is waited for while the restore goes on", () =>
    Effect.gen(function*() {
      yield* ahead
      const faults = yield* KafkaMemory.KafkaFaults
      const restoring = [[3, 4], [5, 7], [9, 10]]
      faults.before(
        "listGroups",
        Effect.flatMap(
          Effect.sync(() => restoring.shift()),
          (sources) => sources === undefined ? Effect.void : putRestored("orders", 0, sources)
        ).pipe(Effect.provideService(KafkaMemory.Cluster, yield* KafkaMemory.Cluster))
      )
      assert.deepStrictEqual(yield* restoreLines({ once: false }), [
        "g restored.orders-0 9>7 exact +2"
      ])
      assert.strictEqual(faults.calls("commitOffsets"), 1)
    }).pipe(Effect.provide(world)))
})

describe("a topic that the target does not have", () => {
  const some = Effect.zipRight(
    restoredTopic("orders", [0, 1]),
    putSnapshot({ g: { "orders-0": 1, "orders-1": 1, "gone-0": 1 } })
  )
  const there = "g restored.orders-0 1>1 exact +1"

  it.effect("is skipped", () =>
    Effect.gen(function*() {
      yield* some
      assert.deepStrictEqual(yield* restoreLines(), [
        "g restored.gone-0 1>- skipped (the target does not have the topic)",
        there,
        "g restored.orders-1 1>- skipped (the topic has fewer partitions in the target: 1)"
      ])
    }).pipe(Effect.provide(world)))

  it.effect("fails", () =>
    Effect.gen(function*() {
      yield* some
      for (const onMissingTopic of ["fail", "wait"] as const) {
        const [gone] = yield* restoreLines({ onMissingTopic })
        assert.strictEqual(
          gone,
          "g restored.gone-0 1>- failed (the target does not have the topic)"
        )
      }
    }).pipe(Effect.provide(world)))

  it.effect("is waited for", () =>
    Effect.gen(function*() {
      yield* some
      const { topics } = yield* KafkaMemory.Cluster
      const faults = yield* KafkaMemory.KafkaFaults
      faults.before(
        "metadata",
        Effect.sync(() => {
          if (faults.calls("metadata") < 6 || topics.find("restored.gone") !== undefined) return
          topics.create("restored.gone", 1)
          topics.grow("restored.orders", 2)
        })
      )
      assert.deepStrictEqual(
        yield* restoreLines({ onMissingTopic: "wait", once: false, onAhead: "latest" }),
        [
          "g restored.gone-0 1>0 clamped +0 (the committed offset is ahead of what is restored " +
          "(nothing is restored yet, committed 1); it is put behind the last restored record, as -on-ahead latest says)",
          there,
          "g restored.orders-1 1>0 clamped +0 (the committed offset is ahead of what is restored " +
          "(nothing is restored yet, committed 1); it is put behind the last restored record, as -on-ahead latest says)"
        ]
      )
    }).pipe(Effect.provide(world)))
})
