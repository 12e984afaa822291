import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Stream } from "effect"
import { KafkaError } from "../../services/Kafka.ts"
import type { RestoreChoice } from "../../src/domain/RestoreChoice.ts"
import { everything } from "../../src/domain/RestoreChoice.ts"
import type { RestoreArchiveOptions } from "../../streams/RestoreArchive.ts"
import {
  restoreArchive,
  surveyRestore,
  verifyRestoredArchive
} from "../../streams/RestoreArchive.ts"
import { buildBatch, plainRecord } from "../support/Batches.ts"
import { Cluster, KafkaFaults } from "../support/KafkaMemory.ts"
import {
  createTarget,
  planOptions,
  putObject,
  putRange,
  restoredOffsets,
  restoreOptions,
  world
} from "../support/RestoreHarness.ts"

const orders = { topic: "orders", partition: 0 }
const payments = { topic: "payments", partition: 1 }

const optionsWith = (changes: Partial<RestoreChoice> = {}): RestoreArchiveOptions => {
  const choice = { ...everything, ...changes }
  return { plan: planOptions({ choice }), rules: restoreOptions({ choice }) }
}

type Services = Effect.Effect.Context<typeof survey>

const survey = surveyRestore(optionsWith())

const restore = (options = optionsWith()) =>
  Effect.flatMap(
    surveyRestore(options),
    (found) => Effect.map(Stream.runCollect(restoreArchive(options, found)), Chunk.toReadonlyArray)
  )

const archived = Effect.gen(function*() {
  yield* putRange(orders, 0, 49)
  yield* putRange(orders, 50, 99)
  yield* putRange(payments, 5, 20)
})

describe("restore, in one process", () => {
  it.live("puts all topics back without a plan topic, and again adds nothing", () =>
    Effect.gen(function*() {
      yield* archived
      yield* createTarget("orders", 1)
      yield* createTarget("payments", 2)
      const files = yield* restore()
      assert.strictEqual(files.reduce((sum, { records }) => sum + records, 0), 116)
      assert.strictEqual(yield* restoredOffsets(orders), "0-99")
      assert.strictEqual(yield* restoredOffsets(payments), "5-20")
      const again = yield* restore()
      assert.isTrue(again.length === 3 && again.every(({ skipped }) => skipped))
      assert.strictEqual(yield* restoredOffsets(orders), "0-99")
      const { topics } = yield* Cluster
      assert.isUndefined(topics.find("plan"))
    }).pipe(Effect.provide(world)))

  it.live("goes on where it was stopped", () =>
    Effect.gen(function*() {
      yield* archived
      yield* createTarget("orders", 1)
      yield* createTarget("payments", 2)
      const options = optionsWith()
      const found = yield* surveyRestore(options)
      yield* Stream.runDrain(Stream.take(restoreArchive(options, found), 1))
      yield* restore()
      assert.strictEqual(yield* restoredOffsets(orders), "0-99")
      assert.strictEqual(yield* restoredOffsets(payments), "5-20")
    }).pipe(Effect.provide(world)))

  it.live("a partition that fails stops alone", () =>
    Effect.gen(function*() {
      yield* archived
      yield* createTarget("orders", 1)
      yield* createTarget("payments", 2)
      const options = optionsWith()
      const found = yield* surveyRestore(options)
      const { topics } = yield* Cluster
      topics.remove("restored.payments")
      const failed = yield* Effect.flip(Stream.runDrain(restoreArchive(options, found)))
      assert.include(failed.message, "restored.payments-1")
      assert.notInclude(failed.message, "restored.orders")
      assert.strictEqual(yield* restoredOffsets(orders), "0-99")
    }).pipe(Effect.provide(world)))

  it.live("another that begins later takes over, and the first one ends", () =>
    Effect.gen(function*() {
      yield* archived
      yield* createTarget("orders", 1)
      yield* createTarget("payments", 2)
      const options = optionsWith()
      const found = yield* surveyRestore(options)
      const faults = yield* KafkaFaults
      let produced = 0
      // In the middle of the first one, the second one comes and goes.
      const second = Effect.provide(Effect.orDie(restore()), yield* Effect.context<Services>())
      faults.before("produce", Effect.suspend(() => ++produced === 2 ? second : Effect.void))
      const ended = yield* Effect.either(Stream.runDrain(restoreArchive(options, found)))
      assert.strictEqual(ended._tag, "Left")
      assert.strictEqual(yield* restoredOffsets(orders), "0-99")
      assert.strictEqual(yield* restoredOffsets(payments), "5-20")
    }).pipe(Effect.provide(world)))
})

describe("before a restore", () => {
  it.live("says what it comes to, and what is in the way", () =>
    Effect.gen(function*() {
      yield* archived
      yield* createTarget("payments", 1, { "max.message.bytes": "100" })
      const { obstacles, steps } = yield* survey
      assert.deepStrictEqual(
        steps.map(({ source: { files, partitions, records, topic }, target }) => (
          { topic, target, files, records, partitions: [...partitions] }
        )),
        [
          {
            topic: "orders",
            target: "restored.orders",
            files: 2,
            records: 100,
            partitions: [0]
          },
          {
            topic: "payments",
            target: "restored.payments",
            files: 1,
            records: 16,
            partitions: [1]
          }
        ]
      )
      const kinds = obstacles.map(({ kind, topic }) => `${topic} ${kind}`)
      assert.includeMembers(kinds, ["restored.orders missing", "restored.payments partitions"])
    }).pipe(Effect.provide(world)))

  it.live("names a file that does not say what it is, and goes on with the others", () =>
    Effect.gen(function*() {
      yield* archived
      yield* createTarget("orders", 1, { "retention.ms": "-1" })
      yield* createTarget("payments", 2, { "retention.ms": "-1" })
      const key = yield* putRange({ topic: "payments", partition: 0 }, 0, 9)
      yield* putObject(key, Buffer.alloc(100, "x"))
      const { obstacles, steps } = yield* survey
      assert.deepStrictEqual(obstacles.map(({ kind, topic }) => [kind, topic]), [
        ["damaged", "restored.payments"]
      ])
      assert.include(obstacles[0]?.problem, key)
      assert.deepStrictEqual(steps.map(({ source: { records } }) => records), [100, undefined])
    }).pipe(Effect.provide(world)))

  it.live("finds what somebody else has written, and not what a restore has", () =>
    Effect.gen(function*() {
      yield* archived
      yield* createTarget("orders", 1, { "retention.ms": "-1" })
      yield* createTarget("payments", 2, { "retention.ms": "-1" })
      yield* restore()
      assert.deepStrictEqual((yield* survey).obstacles, [])
      const cluster = yield* Cluster
      cluster.append({ topic: "restored.payments", partition: 1 }, buildBatch([plainRecord({})]))
      const { obstacles } = yield* survey
      assert.deepStrictEqual(obstacles.map(({ kind, topic }) => `${topic} ${kind}`), [
        "restored.payments data"
      ])
    }).pipe(Effect.provide(world)))

  it.live("writes nothing", () =>
    Effect.gen(function*() {
      yield* archived
      yield* createTarget("orders", 1)
      yield* survey
      const faults = yield* KafkaFaults
      for (const operation of ["produce", "fence", "initProducerId", "createTopics"] as const) {
        assert.strictEqual(faults.calls(operation), 0)
      }
    }).pipe(Effect.provide(world)))

  it.live("fails when Kafka is not there", () =>
    Effect.gen(function*() {
      yield* archived
      const error = new KafkaError({
        operation: "metadata",
        subject: "",
        reason: "BROKER_NOT_AVAILABLE",
        cause: ""
      })
      const faults = yield* KafkaFaults
      faults.before("metadata", error)
      const failed = yield* Effect.flip(survey)
      assert.include(failed.message, "BROKER_NOT_AVAILABLE")
    }).pipe(Effect.provide(world)))
})

describe("after a restore", () => {
  it.live("compares what was chosen, under the names it has", () =>
    Effect.gen(function*() {
      yield* archived
      yield* createTarget("bestellungen", 1)
      yield* createTarget("payments", 2)
      const options = optionsWith({
        rename: new Map([["orders", "bestellungen"]]),
        toOffsets: new Map([["orders-0", 60n]])
      })
      yield* restore(options)
      const events = yield* Stream.runCollect(verifyRestoredArchive(options))
      assert.deepStrictEqual(Chunk.toReadonlyArray(events), [
        {
          kind: "compared",
          compared: { topic: "restored.bestellungen", partition: 0, records: 60 }
        },
        { kind: "compared", compared: { topic: "restored.payments", partition: 1, records: 16 } }
      ])
      const all = yield* Stream.runCollect(
        verifyRestoredArchive(optionsWith({ rename: new Map([["orders", "bestellungen"]]) }))
      )
      const findings = Chunk.toReadonlyArray(all).flatMap((event) =>
        event.kind === "finding" ? [event.finding.message] : []
      )
      assert.deepStrictEqual(findings, ["the record of source offset 60 is missing at the end"])
    }).pipe(Effect.provide(world)))
})
