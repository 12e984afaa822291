/** What every object store must do, on memory, on a directory and on S3. */
import { assert, layer as suite } from "@effect/vitest"
import { Chunk, Effect, Option, Stream } from "effect"
import type { Layer } from "effect"
import { bodyOfBytes } from "../../services/ObjectBody.ts"
import type { StoreError } from "../../services/ObjectStore.ts"
import { ObjectStore } from "../../services/ObjectStore.ts"
import { listingContract } from "./ObjectStoreListing.ts"

const text = (value: string) => bodyOfBytes(new TextEncoder().encode(value))

const read = (key: string, range?: { readonly start: number; readonly length?: number }) =>
  Effect.flatMap(ObjectStore, (store) => Stream.runCollect(Stream.fromPull(store.get(key, range))))
    .pipe(
      Effect.map((chunks) => Buffer.concat(Chunk.toReadonlyArray(chunks)).toString())
    )

const reasonOf = <A, R>(effect: Effect.Effect<A, StoreError, R>) =>
  Effect.map(Effect.flip(effect), (error) => error.reason)

export const objectStoreContract = (name: string, layer: Layer.Layer<ObjectStore, StoreError>) =>
  suite(layer, { excludeTestServices: true })(name, (it) => {
    it.effect("reads back what it wrote, with its metadata", () =>
      Effect.gen(function*() {
        const store = yield* ObjectStore
        const metadata = { "kafka-data-keep.topic-id": "AAAAAAAAAAAAAAAAAAAAAA", "plain": "a b=c" }
        assert.strictEqual(
          yield* store.putIfAbsent("rw/a/1.avro", text("hello"), metadata),
          "created"
        )
        assert.strictEqual(yield* read("rw/a/1.avro"), "hello")
        const info = Option.getOrThrow(yield* store.head("rw/a/1.avro"))
        assert.strictEqual(info.size, 5)
        assert.deepStrictEqual(info.metadata, metadata)
        assert.isBelow(Math.abs(info.lastModified - Date.now()), 60_000)
      }))

    it.effect("never changes an object that exists", () =>
      Effect.gen(function*() {
        const store = yield* ObjectStore
        yield* store.putIfAbsent("once/k", text("first"), { by: "one" })
        assert.strictEqual(
          yield* store.putIfAbsent("once/k", text("second"), { by: "two" }),
          "exists"
        )
        assert.strictEqual(yield* read("once/k"), "first")
        assert.deepStrictEqual(Option.getOrThrow(yield* store.head("once/k")).metadata, {
          by: "one"
        })
      }))

    it.effect("lets one of many writers win, whole", () =>
      Effect.gen(function*() {
        const store = yield* ObjectStore
        const bodies = Array.from({ length: 8 }, (_, at) => String(at).repeat(300_000))
        const outcomes = yield* Effect.forEach(
          bodies,
          (body) => store.putIfAbsent("race/new/k", text(body), {}),
          { concurrency: "unbounded" }
        )
        const winners = bodies.filter((_, at) => outcomes[at] === "created")
        assert.strictEqual(winners.length, 1)
        assert.strictEqual(yield* read("race/new/k"), winners[0])
      }))

    it.effect("replaces on put", () =>
      Effect.gen(function*() {
        const store = yield* ObjectStore
        yield* store.put("replace/k", text("long and old"), { v: "1" })
        yield* store.put("replace/k", text("new"), { v: "2" })
        assert.strictEqual(yield* read("replace/k"), "new")
        assert.deepStrictEqual(Option.getOrThrow(yield* store.head("replace/k")).metadata, {
          v: "2"
        })
      }))

    it.effect("reads ranges", () =>
      Effect.gen(function*() {
        yield* (yield* ObjectStore).putIfAbsent("range/k", text("0123456789"), {})
        assert.strictEqual(yield* read("range/k", { start: 0, length: 4 }), "0123")
        assert.strictEqual(yield* read("range/k", { start: 4 }), "456789")
        assert.strictEqual(yield* read("range/k", { start: 8, length: 100 }), "89")
        assert.strictEqual(yield* read("range/k", { start: 3, length: 0 }), "")
        assert.strictEqual(yield* read("range/k", { start: 10 }), "")
      }))

    it.effect("keeps empty and large objects", () =>
      Effect.gen(function*() {
        const store = yield* ObjectStore
        yield* store.putIfAbsent("size/empty", text(""), {})
        assert.strictEqual(yield* read("size/empty"), "")
        assert.strictEqual(Option.getOrThrow(yield* store.head("size/empty")).size, 0)
        const piece = Buffer.alloc(1_000_000, "x")
        const whole = bodyOfBytes(Buffer.concat(Array.from({ length: 5 }, () => piece)))
        const body = {
          ...whole,
          open: () =>
            Stream.repeatEffect(Effect.sync(() => Buffer.from(piece))).pipe(Stream.take(5))
        }
        yield* store.putIfAbsent("size/large", body, {})
        const size = yield* Stream.runFold(
          Stream.fromPull(store.get("size/large")),
          0,
          (sum, bytes) => sum + bytes.byteLength
        )
        assert.strictEqual(size, 5_000_000)
      }))

    it.effect("says so when a key is absent", () =>
      Effect.gen(function*() {
        const store = yield* ObjectStore
        assert.isTrue(Option.isNone(yield* store.head("absent/k")))
        assert.strictEqual(yield* reasonOf(read("absent/k")), "NotFound")
        assert.strictEqual(yield* reasonOf(read("absent/k", { start: 5 })), "NotFound")
        yield* store.remove("absent/k")
      }))

    it.effect("removes, and lets the key be written again", () =>
      Effect.gen(function*() {
        const store = yield* ObjectStore
        yield* store.putIfAbsent("gone/a/k", text("1"), { v: "1" })
        yield* store.remove("gone/a/k")
        assert.isTrue(Option.isNone(yield* store.head("gone/a/k")))
        assert.strictEqual(yield* store.putIfAbsent("gone/a/k", text("2"), {}), "created")
        assert.deepStrictEqual(Option.getOrThrow(yield* store.head("gone/a/k")).metadata, {})
      }))

    it.effect("stores nothing of a body that is not what was announced", () =>
      Effect.gen(function*() {
        const store = yield* ObjectStore
        const good = text("abcdef")
        const wrong = [
          { ...good, crc32c: good.crc32c ^ 1 },
          { ...good, size: 5 },
          { ...good, size: 7 },
          { ...text(""), crc32c: 1 }
        ]
        for (const body of wrong) {
          const put = store.putIfAbsent("wrong/k", body, {})
          assert.strictEqual(yield* reasonOf(put), "ChecksumMismatch", JSON.stringify(body))
          assert.isTrue(Option.isNone(yield* store.head("wrong/k")))
        }
      }))

    it.effect("refuses metadata that headers cannot carry", () =>
      Effect.gen(function*() {
        const store = yield* ObjectStore
        for (const metadata of [{ "Upper": "x" }, { "a": "ü" }, { "a": " x" }, { "a": "x\ny" }]) {
          const put = store.putIfAbsent("metadata/k", text("x"), metadata as Record<string, string>)
          assert.strictEqual(yield* reasonOf(put), "Invalid")
        }
      }))

    it.effect("finds itself in order, and leaves no probe", () =>
      Effect.gen(function*() {
        const store = yield* ObjectStore
        yield* store.check({ write: true, probeKey: "archive.meta/probe/1" })
        yield* store.check({ write: true, probeKey: "kafka-data-keep.meta.probe.1" })
        yield* store.check({ write: false, probeKey: "archive.meta/probe/1" })
        assert.isTrue(Option.isNone(yield* store.head("archive.meta/probe/1")))
      }))

    listingContract(it)
  })
