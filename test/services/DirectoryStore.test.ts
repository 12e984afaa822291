import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Layer, Option, Ref, Stream } from "effect"
import fs from "node:fs/promises"
import path from "node:path"
import { putFileIfAbsent } from "../../services/DirectoryPutLayer.ts"
import { DirectoryStoreLayer } from "../../services/DirectoryStoreLayer.ts"
import { bodyOfBytes } from "../../services/ObjectBody.ts"
import { ObjectStore } from "../../services/ObjectStore.ts"
import { objectStoreContract } from "../support/ObjectStoreContract.ts"
import { temporaryDirectory } from "../support/TemporaryDirectory.ts"

const inTemporaryDirectory = Layer.unwrapScoped(
  Effect.map(temporaryDirectory, (directory) => DirectoryStoreLayer({ directory }))
)

objectStoreContract("object store in a directory", inTemporaryDirectory)

const body = bodyOfBytes(new TextEncoder().encode("0123456789"))

const keys = Effect.flatMap(ObjectStore, (store) => Stream.runCollect(store.list(""))).pipe(
  Effect.map((pages) => Chunk.toReadonlyArray(pages).flat().map(({ key }) => key))
)

/** Runs on a new directory, which it is told. */
const on = <A, E>(use: (directory: string) => Effect.Effect<A, E, ObjectStore>) =>
  Effect.flatMap(
    temporaryDirectory,
    (directory) => Effect.provide(use(directory), DirectoryStoreLayer({ directory }))
  )

describe("directory store", () => {
  it.scopedLive("refuses keys that leave the directory or are its own", () =>
    on(() =>
      Effect.gen(function*() {
        const store = yield* ObjectStore
        const bad = [
          "",
          "/etc/x",
          "../x",
          "a/../../x",
          "a//b",
          "a/",
          "./a",
          "a\0b",
          ".kafka-data-keep.meta/a"
        ]
        for (const key of bad) {
          for (
            const use of [store.putIfAbsent(key, body, {}), store.head(key), store.remove(key)]
          ) {
            assert.strictEqual((yield* Effect.flip(use)).reason, "Invalid", key)
          }
          assert.strictEqual(
            (yield* Effect.flip(Stream.runDrain(Stream.fromPull(store.get(key))))).reason,
            "Invalid"
          )
        }
        assert.strictEqual(
          (yield* Effect.flip(Stream.runDrain(store.list("../x")))).reason,
          "Invalid"
        )
      })
    ))

  it.scopedLive("keeps the same paths as keys, and shows nothing of its own", () =>
    on((directory) =>
      Effect.gen(function*() {
        const store = yield* ObjectStore
        yield* store.putIfAbsent("archive/orders/0/a.avro", body, { a: "1" })
        yield* store.putIfAbsent("kafka-data-keep.meta.probe.1", body, {})
        assert.deepStrictEqual(yield* keys, [
          "archive/orders/0/a.avro",
          "kafka-data-keep.meta.probe.1"
        ])
        const file = path.join(directory, "archive/orders/0/a.avro")
        assert.strictEqual(yield* Effect.promise(() => fs.readFile(file, "utf8")), "0123456789")
        yield* store.remove("archive/orders/0/a.avro")
        assert.notInclude(yield* Effect.promise(() => fs.readdir(directory)), "archive")
      })
    ))

  it.scopedLive("takes names longer than the file system does, in key order", () =>
    on(() =>
      Effect.gen(function*() {
        const store = yield* ObjectStore
        const topic = (name: string) => `p/${name}/0/${name}-0-0000000000000000000.avro`
        const names = [
          `${"x".repeat(200)}-`,
          "x".repeat(200),
          `${"x".repeat(200)}0`,
          "x".repeat(249),
          "y".repeat(249)
        ]
        for (const name of names.toReversed()) {
          assert.strictEqual(yield* store.putIfAbsent(topic(name), body, { n: "1" }), "created")
          assert.strictEqual(yield* store.putIfAbsent(topic(name), body, {}), "exists")
        }
        assert.deepStrictEqual(yield* keys, names.map(topic))
        assert.isTrue(Option.isSome(yield* store.head(topic("y".repeat(249)))))
        const folders = yield* Stream.runCollect(store.listFolders("p/"))
        assert.deepStrictEqual(
          Chunk.toReadonlyArray(folders).flat(),
          names.map((name) => `p/${name}/`)
        )
      })
    ))

  it.scopedLive("notices that bytes have changed under it", () =>
    on((directory) =>
      Effect.gen(function*() {
        const store = yield* ObjectStore
        yield* store.putIfAbsent("k", body, {})
        yield* Effect.promise(() => fs.writeFile(path.join(directory, "k"), "0123456780"))
        const error = yield* Effect.flip(Stream.runDrain(Stream.fromPull(store.get("k"))))
        assert.strictEqual(error.reason, "ChecksumMismatch")
      })
    ))

  it.scopedLive("reads files that something else has put there", () =>
    on((directory) =>
      Effect.gen(function*() {
        const store = yield* ObjectStore
        yield* store.putIfAbsent("a/k", body, { by: "us" })
        yield* Effect.promise(() => fs.writeFile(path.join(directory, "a", "k"), "other"))
        assert.deepStrictEqual(Option.getOrThrow(yield* store.head("a/k")).metadata, {})
        yield* Stream.runDrain(Stream.fromPull(store.get("a/k")))
      })
    ))

  it.scopedLive("says why a directory cannot be used, and creates one to write to", () =>
    Effect.gen(function*() {
      const base = yield* temporaryDirectory
      const check = (name: string, write: boolean) =>
        Effect.flatMap(ObjectStore, (store) => store.check({ write, probeKey: "p" })).pipe(
          Effect.provide(DirectoryStoreLayer({ directory: path.join(base, name) }))
        )
      assert.strictEqual((yield* Effect.flip(check("missing", false))).reason, "NoSuchBucket")
      yield* Effect.promise(() => fs.writeFile(path.join(base, "file"), ""))
      assert.strictEqual((yield* Effect.flip(check("file", true))).reason, "NoSuchBucket")
      assert.strictEqual((yield* Effect.flip(check("file/below", true))).reason, "Invalid")
      yield* check("missing/below", true)
      yield* check("missing", false)
    }))

  it.live("gives up where no directory can be made", () =>
    Effect.gen(function*() {
      const store = yield* ObjectStore
      const error = yield* Effect.flip(store.check({ write: true, probeKey: "p" }))
      assert.include(["NotFound", "Denied"], error.reason)
    }).pipe(Effect.provide(DirectoryStoreLayer({ directory: "/proc/archive/below" }))))

  it.scopedLive("looks before it renames where there are no hard links", () =>
    Effect.gen(function*() {
      const root = yield* temporaryDirectory
      const put = putFileIfAbsent({ root, withoutLinks: yield* Ref.make(true) })
      assert.strictEqual(yield* put("a/k", body, {}), "created")
      assert.strictEqual(yield* put("a/k", bodyOfBytes(new Uint8Array(3)), {}), "exists")
      assert.strictEqual((yield* Effect.promise(() => fs.stat(path.join(root, "a/k")))).size, 10)
    }))

  it.scopedLive("leaves nothing of a write that was interrupted", () =>
    on((directory) =>
      Effect.gen(function*() {
        const store = yield* ObjectStore
        const endless = {
          ...body,
          open: () => Stream.concat(Stream.make(new Uint8Array(5)), Stream.fromEffect(Effect.never))
        }
        yield* Effect.timeoutOption(store.putIfAbsent("k", endless, {}), "100 millis")
        const parts = path.join(directory, ".kafka-data-keep.tmp")
        assert.deepStrictEqual(yield* Effect.promise(() => fs.readdir(parts)), [])
        assert.deepStrictEqual(yield* keys, [])
      })
    ))
})
