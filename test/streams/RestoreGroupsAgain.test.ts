import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Stream } from "effect"
import type { Kafka } from "../../services/Kafka.ts"
import { restoreGroups } from "../../streams/RestoreGroups.ts"
import {
  committedIn,
  createRestored,
  putRestored,
  putSnapshot,
  restoreGroupsOptions,
  restoreLines
} from "../support/GroupsRestoreHarness.ts"
import * as KafkaMemory from "../support/KafkaMemory.ts"
import { world } from "../support/RestoreHarness.ts"

describe("stopped at any moment and begun again", () => {
  const operations: ReadonlyArray<keyof Kafka["Type"]> = [
    "metadata",
    "listGroups",
    "listOffsets",
    "fetch",
    "fetchOffsets",
    "commitOffsets"
  ]

  /** Whether it was stopped by then. */
  const stoppedAtCall = (call: number) =>
    Effect.gen(function*() {
      const faults = yield* KafkaMemory.KafkaFaults
      let calls = 0
      const hook = Effect.suspend(() => ++calls === call ? Effect.interrupt : Effect.void)
      for (const operation of operations) faults.before(operation, hook)
      const exit = yield* Effect.exit(
        Stream.runDrain(restoreGroups(restoreGroupsOptions()))
      )
      faults.heal()
      if (Exit.isFailure(exit)) assert.isTrue(Cause.isInterrupted(exit.cause))
      return Exit.isFailure(exit)
    })

  const scene = Effect.gen(function*() {
    yield* createRestored("orders", 2)
    yield* putRestored("orders", 0, [0, 1, 4])
    yield* putRestored("orders", 1, [7, 9])
    yield* putSnapshot({ a: { "orders-0": 3, "orders-1": 8 }, b: { "orders-1": 0 } })
  })

  it.effect("it comes to the same", () =>
    Effect.gen(function*() {
      let stopped = true
      let call = 1
      for (; stopped; call++) {
        stopped = yield* Effect.gen(function*() {
          yield* scene
          const was = yield* stoppedAtCall(call)
          yield* restoreLines()
          assert.deepStrictEqual(
            yield* committedIn("a"),
            ["restored.orders-0=2", "restored.orders-1=1"]
          )
          assert.deepStrictEqual(yield* committedIn("b"), ["restored.orders-1=0"])
          return was
        }).pipe(Effect.provide(world))
      }
      assert.isAbove(call, 8)
    }))
})
