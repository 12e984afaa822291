import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Exit, Layer, Logger, Stream } from "effect"
import fc from "fast-check"
import fs from "node:fs/promises"
import path from "node:path"
import type { BufferedFile } from "../../services/DiskBuffer.ts"
import { DiskBuffer } from "../../services/DiskBuffer.ts"
import { layout } from "../../services/DiskBufferErrorsLayer.ts"
import { DiskBufferLayer } from "../../services/DiskBufferLayer.ts"
import { uploadOrphans } from "../../streams/backup/Orphans.ts"
import { recoverFile } from "../../streams/backup/Recovery.ts"
import { newProgram, shared } from "../support/BackupPrograms.ts"
import type { Crash, Life } from "../support/DamagedBuffer.ts"
import {
  agrees,
  anyBatches,
  anyCrash,
  damage,
  liveThrough,
  wholeBlocks
} from "../support/DamagedBuffer.ts"
import * as DiskBufferMemory from "../support/DiskBufferMemory.ts"
import { temporaryDirectory } from "../support/TemporaryDirectory.ts"

const quiet = Logger.remove(Logger.defaultLogger)
const memory = Layer.merge(DiskBufferMemory.layer, quiet)

const origin = { clusterId: "cluster", topicId: "topic", partitionCount: 1 }

const contentOf = (name: string) =>
  Effect.flatMap(DiskBuffer, (buffer) => Stream.runCollect(buffer.read(name))).pipe(
    Effect.map((chunks) => Buffer.concat(Chunk.toReadonlyArray(chunks)))
  )

const onlyFile = Effect.flatMap(
  DiskBuffer,
  (buffer) =>
    Effect.map(buffer.list, (files): BufferedFile => {
      const [found] = files
      if (found === undefined) throw new Error("no file")
      return found
    })
)

/** Recovers the one file of the buffer and checks what becomes of it. */
const check = (life: Life, damaged: Buffer) =>
  Effect.gen(function*() {
    const buffer = yield* DiskBuffer
    const expected = wholeBlocks(life, damaged)
    const recovered = yield* recoverFile(yield* onlyFile)
    if (expected.length === 0) {
      assert.isUndefined(recovered)
      assert.deepStrictEqual(yield* buffer.list, [])
      return false
    }
    assert.isDefined(recovered)
    assert.isTrue(agrees(life, expected, recovered.facts))
    const end = expected.at(-1)?.end ?? 0
    const kept = yield* contentOf(life.name)
    assert.strictEqual(kept.length, end)
    assert.isTrue(kept.subarray(life.headerSize).equals(damaged.subarray(life.headerSize, end)))
    const again = yield* recoverFile(yield* onlyFile)
    assert.deepStrictEqual(again?.facts, recovered.facts)
    return true
  })

const inMemory = (life: Life, damaged: Buffer) =>
  Effect.gen(function*() {
    const disk = yield* DiskBufferMemory.Disk
    disk.files.set(life.name, { bytes: damaged, modified: 0, synced: 0 })
    const kept = yield* check(life, damaged)
    // Only a header with nothing behind it may be deleted.
    if (!kept && damaged.length !== life.headerSize) assert.strictEqual(disk.aside.size, 1)
  }).pipe(Effect.provide(memory))

const onDisk = (life: Life, damaged: Buffer) =>
  Effect.gen(function*() {
    const workingDir = yield* temporaryDirectory
    const file = path.join(layout(workingDir).buffer, life.name)
    yield* Effect.promise(() => fs.mkdir(path.dirname(file), { recursive: true }))
    yield* Effect.promise(() => fs.writeFile(file, damaged))
    yield* Effect.provide(check(life, damaged), Layer.merge(DiskBufferLayer({ workingDir }), quiet))
  }).pipe(Effect.scoped)

const everywhere = (
  numRuns: number,
  run: (life: Life, damaged: Buffer, crash: Crash) => Effect.Effect<void, unknown>
) =>
  Effect.promise(() =>
    fc.assert(
      fc.asyncProperty(
        anyBatches,
        fc.integer({ min: 0, max: 3 }),
        anyCrash,
        (batches, tail, crash) =>
          Effect.runPromise(Effect.gen(function*() {
            const life = yield* liveThrough(batches, origin, tail)
            yield* run(life, damage(life, crash), crash)
          }))
      ),
      { numRuns }
    )
  )

const six = Array.from({ length: 6 }, () => ({ records: 3, hole: 1 }))

describe("a buffer file of any crash", () => {
  it.live(
    "keeps its whole blocks and no others, in memory",
    () => everywhere(150, inMemory),
    240_000
  )

  it.live("keeps its whole blocks and no others, on a disk", () => everywhere(25, onDisk), 240_000)

  it.live(
    "keeps them at every byte at which it can be cut, with and without zeros",
    () =>
      Effect.gen(function*() {
        const life = yield* liveThrough(six.slice(0, 2), origin, 2)
        const whole = life.moments.at(-1)?.bytes ?? Buffer.alloc(0)
        for (let size = 0; size <= whole.length; size++) {
          const cut = whole.subarray(0, size)
          if (size < life.headerSize - 16 && size % 16 !== 0) continue
          yield* inMemory(life, cut)
          yield* inMemory(life, Buffer.concat([cut, Buffer.alloc(whole.length - size)]))
          yield* inMemory(life, Buffer.concat([cut, Buffer.alloc(4096)]))
        }
      }),
    240_000
  )

  it.live("keeps them whatever moments its header is torn between", () =>
    Effect.gen(function*() {
      const life = yield* liveThrough(six.slice(0, 2), origin, 2)
      for (const front of life.moments) {
        for (const back of life.moments) {
          if (front === back) continue
          for (let torn = 0; torn < life.headerSize; torn += 12) {
            const header = [front.bytes.subarray(0, torn), back.bytes.subarray(torn)]
            const blocks = Math.min(front.bytes.length, back.bytes.length)
            yield* inMemory(life, Buffer.concat(header).subarray(0, blocks))
          }
        }
      }
    }), 240_000)

  it.live("believes a header that is whole and of these blocks, reasons of gaps included", () =>
    Effect.gen(function*() {
      const life = yield* liveThrough(six, origin, 2)
      for (const { bytes, facts } of life.moments) {
        const found = yield* Effect.gen(function*() {
          const disk = yield* DiskBufferMemory.Disk
          disk.files.set(life.name, { bytes, modified: 0, synced: 0 })
          return yield* recoverFile(yield* onlyFile)
        }).pipe(Effect.provide(memory))
        assert.deepStrictEqual(found?.facts, facts)
      }
    }))

  it.live("is set aside whatever part of its header is zeros", () =>
    Effect.gen(function*() {
      const life = yield* liveThrough(six, origin, 0)
      const whole = life.moments.at(-1)?.bytes ?? Buffer.alloc(0)
      for (const zeros of [1, 4, 100, 512, life.headerSize - 1, life.headerSize]) {
        const damaged = Buffer.concat([Buffer.alloc(zeros), whole.subarray(zeros)])
        const aside = yield* Effect.gen(function*() {
          const disk = yield* DiskBufferMemory.Disk
          disk.files.set(life.name, { bytes: damaged, modified: 0, synced: 0 })
          assert.isUndefined(yield* recoverFile(yield* onlyFile))
          return [...disk.aside.values()].map(({ bytes }) => bytes)
        }).pipe(Effect.provide(memory))
        assert.lengthOf(aside, 1)
        assert.isTrue(aside[0]?.equals(damaged))
      }
    }))
})

describe("a file that is not of the buffer", () => {
  it.live("is set aside, and never deleted, whatever its name and content", () =>
    Effect.gen(function*() {
      const program = yield* newProgram
      const foreign = new Map([
        ["notes.txt", Buffer.from("mine")],
        ["empty", Buffer.alloc(0)],
        ["backup/orders/0/orders-0-0000000000000000000.avro.tmp", Buffer.from("half")],
        ["backup/orders/0/orders-0-0000000000000000007.avro", Buffer.alloc(0)],
        ["backup/orders/0/orders-0-0000000000000000008.avro", Buffer.from("Obj\x01 not quite")]
      ])
      for (const [name, bytes] of foreign) {
        program.disk.files.set(name, { bytes, modified: 0, synced: 0 })
      }
      program.disk.faults.push({ operation: "setAside", reason: "Denied" })
      const upload = Effect.provide(uploadOrphans(() => Effect.asSome), program.context)
      assert.isTrue(Exit.isSuccess(yield* Effect.exit(upload)))
      yield* upload
      assert.strictEqual(program.disk.files.size, 0)
      const aside = [...program.disk.aside].map(([name, { bytes }]) => [name, bytes.toString()])
      const given = [...foreign].map(([name, bytes]) => [name, bytes.toString()])
      assert.deepStrictEqual(aside.toSorted(), given.toSorted())
    }).pipe(Effect.scoped, Effect.provide(shared)))
})
