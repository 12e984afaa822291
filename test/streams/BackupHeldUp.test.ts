/** A transaction that does not end holds up its partition alone, is measured, and said once. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Metric, TestClock } from "effect"
import { openTransactionLag } from "../../services/Metrics.ts"
import { makeHeldUp } from "../../streams/backup/HeldUp.ts"
import { coverage, createTopic } from "../support/BackupHarness.ts"
import { fill, newProgram, shared, until } from "../support/BackupPrograms.ts"
import { buildBatch, buildMarker, plainRecord } from "../support/Batches.ts"
import { Cluster } from "../support/KafkaMemory.ts"
import { Said, SaidLayer } from "../support/Said.ts"

const held = { topic: "held", partition: 0 }
const other = { topic: "held", partition: 1 }
const producerId = 7n

const levels = Effect.map(Said, (said) => said.map(({ level }) => level))
const lag = Effect.map(Metric.value(openTransactionLag("held")), ({ value }) => value)

describe("a transaction that does not end", () => {
  it.effect("is said once for each, and when it is over", () =>
    Effect.gen(function*() {
      const partition = { highWatermark: 10n, lastStableOffset: 10n }
      const owned = new Map([["orders-0", partition]])
      const look = makeHeldUp(owned)
      const lookFor = (seconds: number) =>
        Effect.repeatN(Effect.zipRight(TestClock.adjust("1 second"), look), seconds - 1)

      yield* lookFor(600)
      partition.highWatermark = 20n
      yield* lookFor(299)
      partition.lastStableOffset = 11n
      yield* lookFor(299)
      assert.deepStrictEqual(yield* levels, [])
      yield* lookFor(600)
      assert.deepStrictEqual(yield* levels, ["WARN"])
      partition.lastStableOffset = 12n
      yield* lookFor(600)
      assert.deepStrictEqual(yield* levels, ["WARN", "INFO", "WARN"])
      owned.clear()
      yield* lookFor(600)
      assert.deepStrictEqual(yield* levels, ["WARN", "INFO", "WARN"])
    }).pipe(Effect.provide(SaidLayer)))

  it.live("holds up its partition alone, and is measured", () =>
    Effect.gen(function*() {
      const cluster = yield* Cluster
      const program = yield* newProgram
      yield* createTopic("held", 2)
      yield* fill(held, 3)
      const open = [plainRecord(), plainRecord({ offsetDelta: 1 })]
      const producer = { producerId, producerEpoch: 0, baseSequence: 0, transactional: true }
      cluster.append(held, buildBatch(open, producer))
      yield* fill(held, 9)
      yield* fill(other, 5)
      const running = yield* program.start({ maxFileAgeMs: 1000 })
      yield* until(Effect.map(lag, (offsets) => offsets === 6))
      yield* until(Effect.map(coverage("backup/held/1"), ({ length }) => length === 1))
      yield* until(Effect.map(coverage("backup/held/0"), ({ length }) => length === 1))
      assert.deepStrictEqual(yield* coverage("backup/held/0"), ["0-2 [0, 3)"])

      cluster.append(held, buildMarker("abort", { producerId }))
      yield* until(Effect.map(coverage("backup/held/0"), ({ length }) => length === 2))
      yield* until(Effect.map(lag, (offsets) => offsets === 0))
      assert.deepStrictEqual(yield* coverage("backup/held/0"), ["0-2 [0, 3)", "5-8 [3, 10)"])
      yield* Fiber.interrupt(running)
    }).pipe(Effect.scoped, Effect.provide(shared)))
})
