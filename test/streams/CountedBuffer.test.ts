import { assert, describe, it } from "@effect/vitest"
import { Effect, Ref } from "effect"
import fc from "fast-check"
import { DiskBuffer } from "../../services/DiskBuffer.ts"
import { countedBuffer } from "../../streams/backup/CountedBuffer.ts"
import * as DiskBufferMemory from "../support/DiskBufferMemory.ts"

const operations = ["create", "append", "truncate", "remove", "setAside"] as const

const anyStep = fc.record({
  operation: fc.constantFrom(...operations),
  name: fc.constantFrom("a", "b", "c"),
  size: fc.integer({ min: 0, max: 50 })
})

describe("a counted disk buffer", () => {
  it.live(
    "knows the bytes of its files after anything, failures included",
    () =>
      Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(fc.array(anyStep, { maxLength: 30 }), (steps) =>
            Effect.gen(function*() {
              const disk = yield* DiskBuffer
              yield* disk.create("from before", new Uint8Array(7))
              yield* Ref.set((yield* DiskBufferMemory.Disk).space, 120)
              const { buffer, bytes, sizes } = yield* countedBuffer
              for (const { name, operation, size } of steps) {
                const use = {
                  create: buffer.create(name, new Uint8Array(size)),
                  append: buffer.append(name, [new Uint8Array(size), new Uint8Array(1)]),
                  truncate: buffer.truncate(name, size),
                  remove: buffer.remove(name),
                  setAside: buffer.setAside(name)
                }[operation]
                yield* Effect.exit<unknown, unknown, never>(use)
                const files = (yield* disk.list).filter((file) => file.size > 0)
                assert.strictEqual(bytes(), files.reduce((sum, file) => sum + file.size, 0))
                assert.deepStrictEqual(
                  [...sizes].toSorted(),
                  files.map((file): [string, number] => [file.name, file.size]).toSorted()
                )
              }
            }).pipe(Effect.provide(DiskBufferMemory.layer), Effect.runPromise)),
          { numRuns: 100 }
        )
      ),
    120_000
  )
})
