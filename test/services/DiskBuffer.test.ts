import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Layer, Stream } from "effect"
import fs from "node:fs/promises"
import path from "node:path"
import { DiskBuffer } from "../../services/DiskBuffer.ts"
import { DiskBufferLayer } from "../../services/DiskBufferLayer.ts"
import { diskBufferContract } from "../support/DiskBufferContract.ts"
import { temporaryDirectory } from "../support/TemporaryDirectory.ts"

diskBufferContract(
  "disk buffer on a disk",
  Layer.unwrapScoped(
    Effect.map(temporaryDirectory, (workingDir) => DiskBufferLayer({ workingDir }))
  )
)

const tree = (directory: string) =>
  Effect.promise(async () => {
    const entries = await fs.readdir(directory, { recursive: true, withFileTypes: true })
    return entries.filter((entry) => entry.isFile())
      .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name))).sort()
  })

const descriptors = (directory: string) =>
  Effect.promise(async () => {
    const links = await Promise.all((await fs.readdir("/proc/self/fd")).map((fd) =>
      fs.readlink(`/proc/self/fd/${fd}`).catch(() => "")
    ))
    return links.filter((link) =>
      link.startsWith(directory)
    ).length
  })

const bytes = new Uint8Array([1, 2, 3])

describe("disk buffer", () => {
  it.scopedLive("keeps its layout, and removes directories that became empty", () =>
    Effect.gen(function*() {
      const workingDir = yield* temporaryDirectory
      yield* Effect.gen(function*() {
        const disk = yield* DiskBuffer
        yield* disk.create("p/t/0/f.avro", bytes)
        yield* disk.create("p/t/1/f.avro", bytes)
        const aside = path.join(workingDir, ".kafka-data-keep/set-aside/p/t/1/f.avro")
        assert.strictEqual(yield* disk.setAside("p/t/1/f.avro"), aside)
        assert.deepStrictEqual(yield* tree(workingDir), [
          ".kafka-data-keep/buffer/p/t/0/f.avro",
          ".kafka-data-keep/lock",
          ".kafka-data-keep/set-aside/p/t/1/f.avro"
        ])
        yield* disk.remove("p/t/0/f.avro")
      }).pipe(Effect.provide(DiskBufferLayer({ workingDir })))
      const left = yield* Effect.promise(() =>
        fs.readdir(path.join(workingDir, ".kafka-data-keep"))
      )
      assert.deepStrictEqual(left.toSorted(), ["buffer", "set-aside"])
      assert.deepStrictEqual(
        yield* Effect.promise(() => fs.readdir(path.join(workingDir, ".kafka-data-keep/buffer"))),
        []
      )
    }))

  it.scopedLive("holds a descriptor only between a write and release, sync, remove or the end", () =>
    Effect.gen(function*() {
      const workingDir = yield* temporaryDirectory
      yield* Effect.gen(function*() {
        const disk = yield* DiskBuffer
        for (const name of ["a", "b", "c", "d"]) yield* disk.create(name, bytes)
        assert.strictEqual(yield* descriptors(workingDir), 4)
        yield* disk.release("a")
        yield* disk.sync("b")
        yield* disk.remove("c")
        assert.strictEqual(yield* descriptors(workingDir), 1)
        yield* disk.append("a", [bytes])
        assert.strictEqual(yield* descriptors(workingDir), 2)
      }).pipe(Effect.provide(DiskBufferLayer({ workingDir })))
      assert.strictEqual(yield* descriptors(workingDir), 0)
    }))

  it.scopedLive("finds its files again after a restart", () =>
    Effect.gen(function*() {
      const workingDir = yield* temporaryDirectory
      const use = <A, E>(effect: Effect.Effect<A, E, DiskBuffer>) =>
        Effect.provide(effect, DiskBufferLayer({ workingDir }))
      yield* use(Effect.flatMap(DiskBuffer, (disk) => disk.create("p/t/0/f", bytes)))
      const files = yield* use(Effect.gen(function*() {
        const disk = yield* DiskBuffer
        yield* disk.append("p/t/0/f", [bytes])
        return yield* disk.list
      }))
      assert.deepStrictEqual(files.map(({ name, size }) => [name, size]), [["p/t/0/f", 6]])
      assert.isBelow(Math.abs((files[0]?.modified ?? 0) - Date.now()), 60_000)
    }))

  it.scopedLive("finds the original's leftovers beside its own files", () =>
    Effect.gen(function*() {
      const workingDir = yield* temporaryDirectory
      const file = path.join(workingDir, "orders/3/orders-3-0000000000000000000.avro")
      yield* Effect.promise(() => fs.mkdir(path.dirname(file), { recursive: true }))
      yield* Effect.promise(() => fs.writeFile(file, "left"))
      yield* Effect.promise(() => fs.writeFile(path.join(workingDir, "notes.txt"), "x"))
      yield* Effect.gen(function*() {
        const disk = yield* DiskBuffer
        yield* disk.create("p/t/0/f.avro", bytes)
        const [leftover, ...others] = yield* disk.leftovers
        assert.deepStrictEqual([leftover?.size, others.length], [4, 0])
        const name = leftover?.name ?? ""
        assert.strictEqual(name, "orders/3/orders-3-0000000000000000000.avro")
        const chunks = yield* Stream.runCollect(disk.readLeftover(name))
        assert.strictEqual(Buffer.concat(Chunk.toReadonlyArray(chunks)).toString(), "left")
        yield* disk.removeLeftover(name)
        assert.deepStrictEqual(yield* disk.leftovers, [])
        assert.notInclude(yield* Effect.promise(() => fs.readdir(workingDir)), "orders")
      }).pipe(Effect.provide(DiskBufferLayer({ workingDir })))
    }))

  it.scopedLive("keeps the former length when the disk is full", () =>
    Effect.gen(function*() {
      const workingDir = yield* temporaryDirectory
      yield* Effect.gen(function*() {
        const disk = yield* DiskBuffer
        yield* disk.create("f", bytes)
        yield* disk.release("f")
        const file = path.join(workingDir, ".kafka-data-keep/buffer/f")
        yield* Effect.promise(async () => {
          await fs.rm(file)
          await fs.symlink("/dev/full", file)
        })
        const error = yield* Effect.flip(disk.append("f", [bytes]))
        assert.strictEqual(error.reason, "Full")
      }).pipe(Effect.provide(DiskBufferLayer({ workingDir })))
    }))

  it.scopedLive("names a working directory that is a file, or cannot be written", () =>
    Effect.gen(function*() {
      const base = yield* temporaryDirectory
      const file = path.join(base, "file")
      yield* Effect.promise(() => fs.writeFile(file, ""))
      const open = (workingDir: string) => Effect.flip(Layer.build(DiskBufferLayer({ workingDir })))
      const notDirectory = yield* open(file)
      assert.strictEqual(notDirectory.reason, "NotADirectory")
      assert.include(notDirectory.message, file)
      const below = yield* open(path.join(file, "below"))
      assert.strictEqual(below.reason, "NotADirectory")
      const denied = yield* open("/sys/kernel/kafka-data-keep")
      assert.strictEqual(denied.reason, "Denied")
      assert.include(denied.message, "/sys/kernel/kafka-data-keep")
    }))
})
