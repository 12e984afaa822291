/** The first look at the archive: patient with a busy store, not with one that is not there. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, TestClock } from "effect"
import { ObjectStore, StoreError } from "../../services/ObjectStore.ts"
import { checkArchive } from "../../src/cli/ArchiveCheck.ts"
import * as ObjectStoreMemory from "../support/ObjectStoreMemory.ts"
import { Said, SaidLayer } from "../support/Said.ts"

/** A store whose first looks fail. */
const failing = (times: number, reason: StoreError["reason"]) =>
  Layer.effect(
    ObjectStore,
    Effect.map(ObjectStore, (store) => {
      let left = times
      return {
        ...store,
        check: (options) =>
          Effect.suspend(() =>
            left-- > 0
              ? new StoreError({ reason, operation: "check", key: "bucket", cause: "503" })
              : store.check(options)
          )
      }
    })
  ).pipe(Layer.provideMerge(ObjectStoreMemory.layer), Layer.provideMerge(SaidLayer))

const look = Effect.gen(function*() {
  const fiber = yield* Effect.fork(checkArchive({ prefix: "topics", write: true }))
  yield* TestClock.adjust("1 minute")
  const exit = yield* Fiber.await(fiber)
  const warnings = (yield* Said).filter(({ level }) => level === "WARN")
  return { succeeded: Exit.isSuccess(exit), warnings: warnings.length }
})

describe("the first look at the archive", () => {
  it.effect("waits a little for a store that is busy, and says so", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* look, { succeeded: true, warnings: 3 })
    }).pipe(Effect.provide(failing(3, "Throttled"))))

  it.effect("gives up on a store that stays busy", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* look, { succeeded: false, warnings: 6 })
    }).pipe(Effect.provide(failing(100, "Failed"))))

  it.effect("does not wait for one that is not there", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* look, { succeeded: false, warnings: 0 })
    }).pipe(Effect.provide(failing(1, "Unreachable"))))
})
