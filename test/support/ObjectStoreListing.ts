/** What every object store must do when it lists. */
import type { Vitest } from "@effect/vitest"
import { assert } from "@effect/vitest"
import { Chunk, Effect, Stream } from "effect"
import { bodyOfBytes } from "../../services/ObjectBody.ts"
import { ObjectStore } from "../../services/ObjectStore.ts"

const body = bodyOfBytes(new Uint8Array([1]))

const write = (keys: ReadonlyArray<string>) =>
  Effect.flatMap(
    ObjectStore,
    (store) =>
      Effect.forEach(keys, (key) => store.putIfAbsent(key, body, {}), {
        concurrency: 16,
        discard: true
      })
  )

const list = (prefix: string, startAfter?: string) =>
  Effect.flatMap(
    ObjectStore,
    (store) => Stream.runCollect(store.list(prefix, startAfter === undefined ? {} : { startAfter }))
  ).pipe(
    Effect.map((pages) => Chunk.toReadonlyArray(pages).flat().map(({ key }) => key))
  )

const folders = (prefix: string) =>
  Effect.flatMap(ObjectStore, (store) => Stream.runCollect(store.listFolders(prefix))).pipe(
    Effect.map((pages) => Chunk.toReadonlyArray(pages).flat())
  )

/** In the order of their UTF-8 bytes. */
const ordered = [
  "order/p/orders-dlq/0/a",
  "order/p/orders.v1/0/a",
  "order/p/orders/0/a",
  "order/p/orders/0/b",
  "order/p/orders/1/a",
  "order/p/orders/10/a",
  "order/p/orders/2/a",
  "order/p/orders0/0/a",
  "order/p/orders_x/0/a",
  "order/p/\u{ff5e}/0/a",
  "order/p/\u{1f600}/0/a"
]

export const listingContract = (it: Vitest.MethodsNonLive<ObjectStore, true>) => {
  it.effect("lists in the order of UTF-8 bytes, slashes included", () =>
    Effect.gen(function*() {
      yield* write(ordered.toReversed())
      assert.deepStrictEqual(yield* list("order/p/"), ordered)
      assert.deepStrictEqual(yield* list("order/p/orders/"), ordered.slice(2, 7))
      assert.deepStrictEqual(yield* list("order/p/orders"), ordered.slice(0, 9))
      assert.deepStrictEqual(yield* list("order/p/orders/1"), ordered.slice(4, 6))
      assert.deepStrictEqual(yield* list("order/none/"), [])
    }))

  it.effect("starts after any string, object or not", () =>
    Effect.gen(function*() {
      yield* write(ordered)
      for (let at = 0; at < ordered.length; at++) {
        const key = ordered[at] ?? ""
        assert.deepStrictEqual(yield* list("order/p/", key), ordered.slice(at + 1), key)
      }
      assert.deepStrictEqual(yield* list("order/p/", "order/p/orders/0"), ordered.slice(2))
      assert.deepStrictEqual(yield* list("order/p/", "order/p/orders/0/"), ordered.slice(2))
      assert.deepStrictEqual(yield* list("order/p/", "order/p/orders/0/aa"), ordered.slice(3))
      assert.deepStrictEqual(yield* list("order/p/", "a"), ordered)
      assert.deepStrictEqual(yield* list("order/p/", "z"), [])
    }))

  it.effect("lists folders in key order", () =>
    Effect.gen(function*() {
      yield* write([...ordered, "order/p/plain"])
      const names = ["-dlq/", ".v1/", "/", "0/", "_x/"].map((end) => `order/p/orders${end}`)
      assert.deepStrictEqual(yield* folders("order/p/orders"), names)
      assert.deepStrictEqual(yield* folders("order/p/"), [
        ...names,
        "order/p/\u{ff5e}/",
        "order/p/\u{1f600}/"
      ])
      assert.deepStrictEqual(yield* folders("order/p/orders/"), [
        "order/p/orders/0/",
        "order/p/orders/1/",
        "order/p/orders/10/",
        "order/p/orders/2/"
      ])
      assert.deepStrictEqual(yield* folders("order/none/"), [])
    }))

  it.effect("lists over many pages, objects and folders", () =>
    Effect.gen(function*() {
      const keys = Array.from({ length: 1100 }, (_, at) => `pages/${String(at).padStart(5, "0")}/k`)
      yield* write(keys)
      assert.deepStrictEqual(yield* list("pages/"), keys)
      assert.deepStrictEqual(yield* list("pages/", keys[49]), keys.slice(50))
      assert.deepStrictEqual(yield* folders("pages/"), keys.map((key) => key.slice(0, -1)))
    }))

  it.effect("forgets folders whose objects are gone", () =>
    Effect.gen(function*() {
      yield* write(["empty/a/b/k", "empty/c/k"])
      const store = yield* ObjectStore
      yield* store.remove("empty/a/b/k")
      assert.deepStrictEqual(yield* folders("empty/"), ["empty/c/"])
    }))
}
