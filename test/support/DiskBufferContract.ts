/** What every disk buffer must do, in memory and on a disk. */
import { assert, layer as suite } from "@effect/vitest"
import { Chunk, Effect, Stream } from "effect"
import type { Layer } from "effect"
import type { BufferError } from "../../services/DiskBuffer.ts"
import { DiskBuffer } from "../../services/DiskBuffer.ts"
import { crc32c } from "../../src/codec/Crc32c.ts"

const bytes = (text: string) => new TextEncoder().encode(text)

const read = (name: string) =>
  Effect.flatMap(DiskBuffer, (disk) => Stream.runCollect(disk.read(name))).pipe(
    Effect.map((chunks) => Buffer.concat(Chunk.toReadonlyArray(chunks)).toString())
  )

const reasonOf = <A, R>(effect: Effect.Effect<A, BufferError, R>) =>
  Effect.map(Effect.flip(effect), ({ reason }) => reason)

const names = (prefix: string) =>
  Effect.flatMap(DiskBuffer, (disk) => disk.list).pipe(
    Effect.map((files) => files.map(({ name }) => name).filter((name) => name.startsWith(prefix)))
  )

export const diskBufferContract = <E>(name: string, layer: Layer.Layer<DiskBuffer, E>) =>
  suite(layer, { excludeTestServices: true })(name, (it) => {
    it.effect("creates, appends in order and reads back", () =>
      Effect.gen(function*() {
        const disk = yield* DiskBuffer
        yield* disk.create("grow/a/0/x.avro", bytes("head"))
        yield* disk.append("grow/a/0/x.avro", [bytes("-one"), bytes("-two"), bytes("")])
        yield* disk.append("grow/a/0/x.avro", [])
        yield* disk.release("grow/a/0/x.avro")
        yield* disk.append("grow/a/0/x.avro", [bytes("-three")])
        assert.strictEqual(yield* read("grow/a/0/x.avro"), "head-one-two-three")
        assert.strictEqual(
          yield* disk.checksum("grow/a/0/x.avro"),
          crc32c(bytes("head-one-two-three"))
        )
        const file = (yield* disk.list).find((file) => file.name === "grow/a/0/x.avro")
        assert.strictEqual(file?.size, 18)
      }))

    it.effect("hands out a file as a whole, and lets it grow on", () =>
      Effect.gen(function*() {
        const disk = yield* DiskBuffer
        yield* disk.create("whole/f", bytes("head"))
        yield* disk.append("whole/f", [bytes("-one")])
        const before = yield* disk.content("whole/f")
        yield* disk.append("whole/f", [bytes("-two")])
        yield* disk.release("whole/f")
        const after = yield* disk.content("whole/f")
        assert.deepStrictEqual(
          [before, after].map((all) => Buffer.from(all).toString()),
          ["head-one", "head-one-two"]
        )
      }))

    it.effect("creates a file only once", () =>
      Effect.gen(function*() {
        const disk = yield* DiskBuffer
        yield* disk.create("once", bytes("1"))
        assert.strictEqual(yield* reasonOf(disk.create("once", bytes("2"))), "InUse")
        yield* disk.release("once")
        assert.strictEqual(yield* reasonOf(disk.create("once", bytes("2"))), "InUse")
        assert.strictEqual(yield* read("once"), "1")
      }))

    it.effect("patches and cuts inside the file only", () =>
      Effect.gen(function*() {
        const disk = yield* DiskBuffer
        yield* disk.create("patch", bytes("0123456789"))
        yield* disk.patch("patch", 2, bytes("ab"))
        yield* disk.truncate("patch", 6)
        yield* disk.append("patch", [bytes("XY")])
        assert.strictEqual(yield* read("patch"), "01ab45XY")
        assert.strictEqual(yield* reasonOf(disk.patch("patch", 7, bytes("ab"))), "Failed")
        assert.strictEqual(yield* reasonOf(disk.truncate("patch", 9)), "Failed")
        assert.strictEqual(yield* read("patch"), "01ab45XY")
      }))

    it.effect("syncs, and goes on afterwards", () =>
      Effect.gen(function*() {
        const disk = yield* DiskBuffer
        yield* disk.create("deep/sync/0/f", bytes("a"))
        yield* disk.sync("deep/sync/0/f")
        yield* disk.sync("deep/sync/0/f")
        yield* disk.append("deep/sync/0/f", [bytes("b")])
        assert.strictEqual(yield* read("deep/sync/0/f"), "ab")
      }))

    it.effect("lists in the order of keys", () =>
      Effect.gen(function*() {
        const disk = yield* DiskBuffer
        const long = `order/${"t".repeat(249)}/0/${"t".repeat(249)}-0-0000000000000000000.avro`
        const ordered = [
          "order/o-dlq/0/f",
          "order/o.v1/0/f",
          "order/o/0/f",
          "order/o/10/f",
          "order/o/2/f",
          long
        ]
        for (const name of ordered.toReversed()) yield* disk.create(name, bytes("x"))
        assert.deepStrictEqual(yield* names("order/"), ordered)
        assert.strictEqual(yield* read(long), "x")
      }))

    it.effect("removes, and lets the name be used again", () =>
      Effect.gen(function*() {
        const disk = yield* DiskBuffer
        yield* disk.create("gone/a/0/f", bytes("1"))
        yield* disk.remove("gone/a/0/f")
        yield* disk.remove("gone/a/0/f")
        assert.deepStrictEqual(yield* names("gone/"), [])
        yield* disk.create("gone/a/0/f", bytes("2"))
        assert.strictEqual(yield* read("gone/a/0/f"), "2")
      }))

    it.effect("sets aside without replacing anything", () =>
      Effect.gen(function*() {
        const disk = yield* DiskBuffer
        const places: Array<string> = []
        for (const text of ["1", "2", "3"]) {
          yield* disk.create("aside/f", bytes(text))
          places.push(yield* disk.setAside("aside/f"))
        }
        assert.strictEqual(new Set(places).size, 3)
        assert.deepStrictEqual(yield* names("aside/"), [])
        assert.strictEqual(yield* reasonOf(disk.setAside("aside/f")), "NotFound")
      }))

    it.effect("says NotFound for a file that is not there", () =>
      Effect.gen(function*() {
        const disk = yield* DiskBuffer
        for (
          const use of [
            disk.append("no/f", [bytes("x")]),
            disk.patch("no/f", 0, bytes("x")),
            disk.truncate("no/f", 0),
            disk.sync("no/f"),
            disk.checksum("no/f"),
            disk.content("no/f"),
            read("no/f")
          ]
        ) assert.strictEqual(yield* reasonOf<unknown, DiskBuffer>(use), "NotFound")
        yield* disk.release("no/f")
        assert.deepStrictEqual(yield* names("no/"), [])
      }))

    it.effect("refuses names that leave the buffer", () =>
      Effect.gen(function*() {
        const disk = yield* DiskBuffer
        for (const bad of ["../x", "/etc/x", "a/../../x", "a//b", "", "a/"]) {
          const uses = [
            disk.create(bad, bytes("x")),
            disk.remove(bad),
            read(bad),
            disk.setAside(bad)
          ]
          for (const use of [...uses, disk.removeLeftover(bad)]) {
            assert.strictEqual(yield* reasonOf<unknown, DiskBuffer>(use), "Denied", bad)
          }
        }
      }))

    it.effect("keeps many files apart under concurrent appends", () =>
      Effect.gen(function*() {
        const disk = yield* DiskBuffer
        const files = Array.from({ length: 50 }, (_, at) => `many/t/${at}/f`)
        yield* Effect.forEach(files, (name) => disk.create(name, bytes("")), { concurrency: 10 })
        yield* Effect.forEach(
          Array.from({ length: 500 }, (_, at) => at),
          (at) => disk.append(files[at % 50] ?? "", [bytes(`${at},`)]),
          { concurrency: 50 }
        )
        const expected = Array.from({ length: 10 }, (_, turn) => `${turn * 50 + 7},`)
        const found = (yield* read("many/t/7/f")).split(",").slice(0, -1).map((at) => `${at},`)
        assert.deepStrictEqual(found.toSorted(), expected.toSorted())
      }))
  })
