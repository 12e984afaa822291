import { assert, describe, it } from "@effect/vitest"
import { Effect, Ref, Stream } from "effect"
import { bodyOfBytes } from "../../services/ObjectBody.ts"
import { ObjectStore } from "../../services/ObjectStore.ts"
import { objectStoreContract } from "../support/ObjectStoreContract.ts"
import * as ObjectStoreMemory from "../support/ObjectStoreMemory.ts"

objectStoreContract("object store in memory", ObjectStoreMemory.layer)

describe("faults of the object store in memory", () => {
  const body = bodyOfBytes(new Uint8Array(10))

  it.effect("loses an answer after the object was stored", () =>
    Effect.gen(function*() {
      const store = yield* ObjectStore
      const bucket = yield* ObjectStoreMemory.Bucket
      bucket.faults.push({ operation: "putIfAbsent", reason: "Unreachable", afterwards: true })
      const lost = yield* Effect.flip(store.putIfAbsent("k", body, {}))
      assert.strictEqual(lost.reason, "Unreachable")
      assert.strictEqual(yield* store.putIfAbsent("k", body, {}), "exists")
    }).pipe(Effect.provide(ObjectStoreMemory.layer)))

  it.effect("cuts a body short", () =>
    Effect.gen(function*() {
      const store = yield* ObjectStore
      const bucket = yield* ObjectStoreMemory.Bucket
      yield* store.putIfAbsent("k", body, {})
      bucket.faults.push({ operation: "get", reason: "Unreachable", afterBytes: 4 })
      let size = 0
      const exit = yield* Effect.flip(Stream.runForEach(Stream.fromPull(store.get("k")), (bytes) =>
        Effect.sync(() => {
          size += bytes.byteLength
        })))
      assert.deepStrictEqual([exit.reason, size], ["Unreachable", 4])
    }).pipe(Effect.provide(ObjectStoreMemory.layer)))

  it.effect("overwrites until its check has found out", () =>
    Effect.gen(function*() {
      const store = yield* ObjectStore
      const bucket = yield* ObjectStoreMemory.Bucket
      yield* Ref.set(bucket.ignoreConditions, true)
      assert.strictEqual(yield* store.putIfAbsent("k", body, {}), "created")
      assert.strictEqual(yield* store.putIfAbsent("k", body, {}), "created")
      yield* store.check({ write: true, probeKey: "probe" })
      assert.strictEqual(yield* store.putIfAbsent("k", body, {}), "exists")
    }).pipe(Effect.provide(ObjectStoreMemory.layer)))
})
