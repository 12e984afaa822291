import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { DiskBuffer } from "../../services/DiskBuffer.ts"
import { readContainer, scanContainer } from "../../src/codec/ContainerReader.ts"
import { recoverFile } from "../../streams/backup/Recovery.ts"
import { coverage, createTopic } from "../support/BackupHarness.ts"
import {
  archivedOffsets,
  fill,
  newProgram,
  originalKey,
  range,
  shared,
  until
} from "../support/BackupPrograms.ts"
import { chunked } from "../support/Containers.ts"
import { Bucket } from "../support/ObjectStoreMemory.ts"

const orders = { topic: "orders", partition: 0 }
const folder = "backup/orders/0"
const name = originalKey(orders, 0)

/** The bytes of a buffer file with three blocks: 0 to 6, 7 to 12, 13 to 19. */
const threeBlocks = Effect.gen(function*() {
  const program = yield* newProgram
  yield* createTopic("orders")
  const running = yield* program.start()
  for (const end of [7, 13, 20]) {
    yield* fill(orders, end)
    // Parked once idle, so that each part is a block of its own.
    yield* until(
      Effect.suspend(() => {
        const bytes = program.disk.files.get(name)?.bytes ?? Buffer.alloc(0)
        return Effect.map(
          Effect.option(scanContainer(chunked(bytes))),
          (scan) => scan._tag === "Some" && scan.value.recordCount === end
        )
      }),
      `block to ${end}`
    )
  }
  yield* Fiber.interrupt(running)
  const bytes = program.disk.files.get(name)?.bytes ?? Buffer.alloc(0)
  const ends = yield* Effect.scoped(Effect.gen(function*() {
    const { blocks, header } = yield* readContainer(chunked(bytes))
    return [header.size, ...yield* Stream.runCollect(Stream.map(blocks, ({ end }) => end))]
  }))
  return { bytes, ends }
})

const put = (program: Effect.Effect.Success<typeof newProgram>, bytes: Buffer) => {
  program.disk.files.set(name, { bytes, modified: Date.now(), synced: bytes.length })
}

describe("a buffer file after a crash", () => {
  it.live("keeps its whole blocks wherever it is torn, and its facts agree with them", () =>
    Effect.gen(function*() {
      const { bytes, ends } = yield* threeBlocks
      assert.lengthOf(ends, 4)
      const program = yield* newProgram
      const recover = Effect.flatMap(
        DiskBuffer,
        (buffer) =>
          Effect.flatMap(
            buffer.list,
            ([found]) => found === undefined ? Effect.dieMessage("no file") : recoverFile(found)
          )
      ).pipe(
        Effect.provide(program.context)
      )
      const [, first = 0, second = 0, third = 0] = ends
      for (let size = first; size <= third; size++) {
        const [whole, next] = size < second
          ? [first, 7n]
          : size < third
          ? [second, 13n]
          : [third, 20n]
        put(program, bytes.subarray(0, size))
        const file = yield* recover
        const kept = program.disk.files.get(name)?.bytes ?? Buffer.alloc(0)
        assert.strictEqual(kept.length, whole)
        assert.strictEqual(file?.size, whole)
        assert.strictEqual(file?.facts.coverageNext, next)
        const scan = yield* scanContainer(chunked(kept))
        assert.deepStrictEqual(scan.header.facts, file?.facts)
        assert.strictEqual(BigInt(file?.facts.recordCount ?? 0), next)
        assert.strictEqual(program.disk.open.size, 0)
      }
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("continues exactly after a tail that is torn, of zeros or of garbage", () =>
    Effect.gen(function*() {
      const { bytes, ends: [, , second = 0, third = 0] } = yield* threeBlocks
      const tails = [
        bytes.subarray(0, third - 1),
        bytes.subarray(0, second + 1),
        Buffer.concat([bytes, Buffer.alloc(4096)]),
        Buffer.concat([bytes.subarray(0, second), Buffer.alloc(third - second)]),
        Buffer.concat([bytes.subarray(0, second + 9), Buffer.alloc(300, 0xa5)])
      ]
      for (const tail of tails) {
        const program = yield* newProgram
        put(program, tail)
        const [file] = yield* program.once({ prefix: "backup", groupId: `group of ${tail.length}` })
        assert.deepStrictEqual(yield* coverage(folder), ["0-19 [0, 20)"])
        assert.strictEqual(file?.facts.recordCount, 20)
        assert.strictEqual(program.disk.files.size + program.disk.aside.size, 0)
        assert.deepStrictEqual(yield* archivedOffsets(folder), range(0, 20))
        const { objects } = yield* Bucket
        objects.clear()
      }
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("is set aside when it is not ours or empty, and deleted when it is a header alone", () =>
    Effect.gen(function*() {
      const { bytes, ends: [header = 0, first = 0] } = yield* threeBlocks
      const cases: ReadonlyArray<readonly [Buffer, number]> = [
        [Buffer.from("garbage"), 1],
        [Buffer.alloc(5000), 1],
        [bytes.subarray(0, header - 1), 1],
        [bytes.subarray(0, first - 1), 1],
        [bytes.subarray(0, header), 0],
        [Buffer.alloc(0), 1]
      ]
      for (const [content, aside] of cases) {
        const program = yield* newProgram
        put(program, content)
        yield* program.once({ groupId: `group of ${content.length}` })
        assert.strictEqual(program.disk.aside.size, aside)
        assert.strictEqual(program.disk.files.size, 0)
        assert.deepStrictEqual(yield* archivedOffsets(folder), range(0, 20))
      }
    }).pipe(Effect.scoped, Effect.provide(shared)))

  it.live("counts again what its header does not say yet", () =>
    Effect.gen(function*() {
      const { bytes, ends: [header = 0, first = 0] } = yield* threeBlocks
      const program = yield* newProgram
      // The header of a moment when only the first block had been written.
      const older = yield* newProgram
      put(older, bytes.subarray(0, first))
      const buffer = older.buffer
      const [found] = yield* buffer.list
      if (found !== undefined) yield* Effect.provide(recoverFile(found), older.context)
      const old = older.disk.files.get(name)?.bytes.subarray(0, header) ?? Buffer.alloc(0)
      put(program, Buffer.concat([old, bytes.subarray(header)]))
      const [file] = yield* program.once()
      assert.strictEqual(file?.facts.recordCount, 20)
      assert.deepStrictEqual(yield* coverage(folder), ["0-19 [0, 20)"])
    }).pipe(Effect.scoped, Effect.provide(shared)))
})
