import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { everything } from "../../src/domain/RestoreChoice.ts"
import { plannedObstacles } from "../../streams/preflight/PlannedObstacles.ts"
import { ensureTargets } from "../../streams/targets/EnsureTargets.ts"
import { plannedTargets } from "../../streams/targets/PlannedTargets.ts"
import { append, backup, createTopic } from "../support/BackupHarness.ts"
import { world } from "../support/BackupHarness.ts"
import { Cluster } from "../support/KafkaMemory.ts"
import { plan, restore, restoreOptions } from "../support/RestoreHarness.ts"

describe("plannedTargets", () => {
  it.live("names the chosen topics of the plan, with the partitions and definitions of their sources", () =>
    Effect.gen(function*() {
      const { topics } = yield* Cluster
      topics.create("orders", 5, { "retention.ms": "9" })
      for (const topic of ["payments", "left-out"]) yield* createTopic(topic)
      yield* append({ topic: "orders", partition: 1 }, 5)
      for (const topic of ["payments", "left-out"]) yield* append({ topic, partition: 0 }, 5)
      yield* backup()
      topics.remove("orders")
      yield* plan({ exclude: (topic) => topic === "plan" })
      const chosen = {
        exclude: (topic: string) => topic === "left-out",
        choice: { ...everything, rename: new Map([["payments", "money"]]) }
      }
      const { definitions, wanted } = yield* plannedTargets(restoreOptions(chosen))
      assert.deepStrictEqual(
        [...wanted].sort((one, other) => one.source < other.source ? -1 : 1),
        [
          { source: "orders", target: "restored.orders", leastPartitions: 5 },
          { source: "payments", target: "restored.money", leastPartitions: 1 }
        ]
      )
      assert.deepInclude(definitions.get("orders"), {
        partitions: 5,
        configs: { "retention.ms": "9" }
      })
      assert.isFalse(definitions.has("left-out"))
      const { created } = yield* ensureTargets({ wanted, definitions, topicConfigs: {} })
      assert.sameMembers([...created], ["restored.orders", "restored.money"])
      const files = yield* restore(chosen)
      assert.strictEqual(files.reduce((sum, { records }) => sum + records, 0), 10)
    }).pipe(Effect.scoped, Effect.provide(world)))

  it.live("says that there is no plan", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(plannedTargets(restoreOptions()))
      assert.include(error.message, "plan topic plan does not exist")
    }).pipe(Effect.provide(world)))
})

describe("what is in the way of a plan", () => {
  it.live("is named as far as it shows without the files", () =>
    Effect.gen(function*() {
      const cluster = yield* Cluster
      const { topics } = cluster
      for (const topic of ["gone", "small", "stamped", "closed", "old"]) {
        topics.create(topic, 3)
        yield* append({ topic, partition: 1 }, 5)
      }
      yield* backup()
      yield* plan({ exclude: (topic) => topic === "plan" })
      topics.create("restored.small", 1)
      topics.create("restored.stamped", 3, { "message.timestamp.type": "LogAppendTime" })
      topics.create("restored.closed", 3)
      topics.create("restored.old", 2, { "retention.ms": "1" })
      cluster.forbidden.set("restored.closed", ["Write"])
      const found = yield* plannedObstacles(restoreOptions())
      assert.sameMembers(found.map(({ kind, topic }) => `${topic} ${kind}`), [
        "restored.gone missing",
        "restored.small partitions",
        "restored.stamped timestamps",
        "restored.closed rights"
      ])
    }).pipe(Effect.scoped, Effect.provide(world)))
})
