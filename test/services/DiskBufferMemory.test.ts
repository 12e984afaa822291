import { assert, describe, it } from "@effect/vitest"
import { Effect, Ref } from "effect"
import { DiskBuffer } from "../../services/DiskBuffer.ts"
import { diskBufferContract } from "../support/DiskBufferContract.ts"
import * as DiskBufferMemory from "../support/DiskBufferMemory.ts"

diskBufferContract("disk buffer in memory", DiskBufferMemory.layer)

describe("faults of the disk buffer in memory", () => {
  it.effect("is full, and keeps the file as it was", () =>
    Effect.gen(function*() {
      const disk = yield* DiskBuffer
      const state = yield* DiskBufferMemory.Disk
      yield* disk.create("f", new Uint8Array(4))
      yield* Ref.set(state.space, 2)
      const error = yield* Effect.flip(disk.append("f", [new Uint8Array(2), new Uint8Array(1)]))
      assert.deepStrictEqual([error.reason, (yield* disk.list)[0]?.size], ["Full", 4])
      yield* disk.append("f", [new Uint8Array(2)])
    }).pipe(Effect.provide(DiskBufferMemory.layer)))

  it.effect("has room again for what was cut off or removed", () =>
    Effect.gen(function*() {
      const disk = yield* DiskBuffer
      const state = yield* DiskBufferMemory.Disk
      yield* Ref.set(state.space, 10)
      yield* disk.create("f", new Uint8Array(8))
      yield* disk.truncate("f", 5)
      assert.strictEqual(yield* Ref.get(state.space), 5)
      yield* disk.remove("f")
      yield* disk.remove("f")
      assert.strictEqual(yield* Ref.get(state.space), 10)
    }).pipe(Effect.provide(DiskBufferMemory.layer)))

  it.effect("loses what was not synced", () =>
    Effect.gen(function*() {
      const disk = yield* DiskBuffer
      yield* disk.create("a", new Uint8Array(4))
      yield* disk.sync("a")
      yield* disk.append("a", [new Uint8Array(4)])
      yield* disk.create("b", new Uint8Array(4))
      yield* DiskBufferMemory.loseTails
      assert.deepStrictEqual((yield* disk.list).map(({ name, size }) => [name, size]), [["a", 4]])
    }).pipe(Effect.provide(DiskBufferMemory.layer)))
})
