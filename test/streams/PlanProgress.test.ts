import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import { Kafka } from "../../services/Kafka.ts"
import { partitionFolder } from "../../src/domain/ArchiveKey.ts"
import { partitionOfKey } from "../../src/domain/Murmur2.ts"
import type { PlanProgress } from "../../streams/translate/PlanProgress.ts"
import { makePlanProgress } from "../../streams/translate/PlanProgress.ts"
import { buildBatch, plainRecord } from "../support/Batches.ts"
import { Cluster, KafkaFaults } from "../support/KafkaMemory.ts"
import { createTarget, plan, putRange, restore, world } from "../support/RestoreHarness.ts"

const progressOf = (groupId = "restore") => makePlanProgress({ topic: "plan", groupId })

const source = (topic: string, partition = 0) => ({ topic, partition })

const commit = (offset: number, partition = 0, groupId = "restore") =>
  Effect.flatMap(Kafka, (kafka) =>
    kafka.commitOffsets({ groupId, generation: -1, memberId: "" }, [
      { topic: "plan", partition, offset: BigInt(offset), leaderEpoch: -1, metadata: null }
    ]))

/** The planned partitions of `t` and which of them are pending. */
const pendingOf = (
  progress: PlanProgress
): ReadonlyArray<number> =>
  [0, 1, 2, 3].map((partition) => source("t", partition))
    .filter(progress.pending)
    .map(({ partition }) => partition)

describe("plan progress", () => {
  it.live("says which partitions have planned files behind the committed plan", () =>
    Effect.gen(function*() {
      // In one plan partition: t-0 at 0 and 1, t-1 at 2, t-2 at 3.
      yield* putRange(source("t", 0), 0, 9)
      yield* putRange(source("t", 0), 10, 19)
      yield* putRange(source("t", 1), 0, 9)
      yield* putRange(source("t", 2), 0, 9)
      yield* plan()
      const progress = yield* progressOf()
      assert.deepStrictEqual(pendingOf(progress), [0, 1, 2])
      assert.isTrue(progress.planned(source("t", 2)))
      assert.isFalse(progress.planned(source("t", 3)))
      assert.isFalse(progress.planned(source("other")))
      for (const [offset, expected] of [[1, "0,1,2"], [2, "1,2"], [3, "2"], [4, ""]] as const) {
        yield* commit(offset)
        yield* progress.refresh
        assert.strictEqual(pendingOf(progress).join(), expected)
      }
    }).pipe(Effect.provide(world)))

  it.live("follows a restore, and a plan that grows, reading only what is new", () =>
    Effect.gen(function*() {
      const faults = yield* KafkaFaults
      yield* createTarget("t", 4)
      yield* putRange(source("t", 0), 0, 9)
      yield* putRange(source("t", 1), 0, 9)
      yield* plan({ planTopicPartitions: 3 })
      const progress = yield* progressOf()
      assert.deepStrictEqual(pendingOf(progress), [0, 1])
      yield* restore()
      yield* progress.refresh
      assert.deepStrictEqual(pendingOf(progress), [])
      const fetches = Effect.map(
        Effect.zipRight(progress.refresh, Effect.sync(() => faults.calls("fetch"))),
        (calls) => calls - before
      )
      let before = faults.calls("fetch")
      assert.strictEqual(yield* fetches, 0)
      yield* putRange(source("t", 1), 10, 19)
      yield* plan()
      before = faults.calls("fetch")
      assert.strictEqual(yield* fetches, 1)
      assert.deepStrictEqual(pendingOf(progress), [1])
    }).pipe(Effect.provide(world)))

  it.live("looks at the commit of the plan partition that names the file", () =>
    Effect.gen(function*() {
      const partitions = [0, 1, 2, 3]
      for (const partition of partitions) yield* putRange(source("t", partition), 0, 9)
      yield* plan({ planTopicPartitions: 2 })
      const inFirst = partitions.filter((partition) =>
        partitionOfKey(Buffer.from(partitionFolder("backup", source("t", partition))), 2) === 0
      )
      yield* commit(100, 0)
      const progress = yield* progressOf()
      const others = partitions.filter((partition) => !inFirst.includes(partition))
      assert.deepStrictEqual(pendingOf(progress), others)
    }).pipe(Effect.provide(world)))

  it.live("fails with what to do while there is no plan topic", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(progressOf())
      assert.strictEqual(error._tag === "PlanError" ? error.reason : "", "NoPlanTopic")
      assert.match(error.message, /plan topic plan does not exist: plan the restore first/)
    }).pipe(Effect.provide(world)))

  it.live("starts anew with a plan topic that was created anew", () =>
    Effect.gen(function*() {
      const { topics } = yield* Cluster
      yield* putRange(source("t", 0), 0, 9)
      yield* plan()
      const progress = yield* progressOf()
      assert.isTrue(progress.planned(source("t")))
      topics.create("plan", 1)
      yield* progress.refresh
      assert.isFalse(progress.planned(source("t")))
      yield* plan()
      yield* progress.refresh
      assert.isTrue(progress.planned(source("t")))
    }).pipe(Effect.provide(world)))

  it.live("warns once of a group that has committed nothing, and of unusable plan records", () => {
    const warnings: Array<string> = []
    const witness = Logger.replace(
      Logger.defaultLogger,
      Logger.make(({ annotations, message }) => {
        warnings.push(`${String(message)} ${JSON.stringify(Object.fromEntries(annotations))}`)
      })
    )
    return Effect.gen(function*() {
      yield* putRange(source("t", 0), 0, 9)
      yield* plan()
      warnings.length = 0
      const progress = yield* progressOf("misspelt")
      yield* progress.refresh
      assert.lengthOf(warnings, 1)
      assert.match(warnings[0] ?? "", /has committed nothing.*"group":"misspelt"/)
      const cluster = yield* Cluster
      const value = Buffer.from("nonsense")
      cluster.append(source("plan"), buildBatch([plainRecord({ value })]))
      yield* progress.refresh
      assert.lengthOf(warnings, 2)
      assert.match(warnings[1] ?? "", /name no archive file.*"planPartition":"plan-0"/)
      assert.match(warnings[1] ?? "", /"offset":"1"/)
    }).pipe(Effect.provide(Layer.merge(world, witness)))
  })

  it.live("waits out an error of a partition's commit, and fails with one that stays", () =>
    Effect.gen(function*() {
      const faults = yield* KafkaFaults
      yield* putRange(source("t", 0), 0, 9)
      yield* plan()
      faults.fail("fetchOffsets", "COORDINATOR_LOAD_IN_PROGRESS")
      const progress = yield* progressOf()
      faults.fail("fetchOffsets", "GROUP_AUTHORIZATION_FAILED")
      const error = yield* Effect.flip(progress.refresh)
      assert.match(error.message, /restore: GROUP_AUTHORIZATION_FAILED/)
      assert.isTrue(progress.pending(source("t")))
    }).pipe(Effect.provide(world)))
})
