import { assert, describe, it } from "@effect/vitest"
import { Effect, Ref } from "effect"
import { ObjectStore } from "../../services/ObjectStore.ts"
import { filesAhead } from "../../streams/restore/OpenAhead.ts"
import { Bucket } from "../support/ObjectStoreMemory.ts"
import {
  createTarget,
  plan,
  putRange,
  restore,
  restoredOffsets,
  world
} from "../support/RestoreHarness.ts"

const orders = { topic: "orders", partition: 0 }
const files = 12

/** The store, and the most objects that were read from it at the same time. */
const counted = Effect.map(ObjectStore, (store) => {
  const reads = { now: 0, most: 0 }
  const get: ObjectStore["Type"]["get"] = (key, range) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        reads.most = Math.max(reads.most, ++reads.now)
      }),
      () => Effect.sync(() => reads.now--)
    ).pipe(Effect.zipRight(store.get(key, range)))
  return { reads, store: { ...store, get } }
})

const prepared = Effect.gen(function*() {
  yield* createTarget("orders", 1)
  for (let at = 0; at < files; at++) yield* putRange(orders, at * 10, at * 10 + 9)
  yield* plan()
  yield* Ref.set((yield* Bucket).delay, "20 millis")
  return yield* counted
})

describe("restoreTopics, from many small files", () => {
  it.live("opens the next ones while one is read, and gives them all back", () =>
    Effect.gen(function*() {
      const { reads, store } = yield* prepared
      yield* Effect.provideService(restore(), ObjectStore, store)
      assert.strictEqual(yield* restoredOffsets(orders), `0-${files * 10 - 1}`)
      assert.strictEqual(reads.most, filesAhead + 1)
      assert.strictEqual(reads.now, 0)
    }).pipe(Effect.provide(world)))

  it.live("names one that is missing, after all before it has been restored", () =>
    Effect.gen(function*() {
      const { reads, store } = yield* prepared
      const { objects } = yield* Bucket
      const gone = [...objects.keys()].sort()[7] ?? ""
      objects.delete(gone)
      const error = yield* Effect.flip(Effect.provideService(restore(), ObjectStore, store))
      assert.include(JSON.stringify(error), gone)
      assert.strictEqual(yield* restoredOffsets(orders), "0-69")
      assert.strictEqual(reads.now, 0)
    }).pipe(Effect.provide(world)))
})
