import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { randomBytes } from "node:crypto"
import type { Compression } from "../../src/codec/Compression.ts"
import { KafkaFaults } from "../support/KafkaMemory.ts"
import {
  createTarget,
  logRecords,
  plan,
  putFile,
  recordsFrom,
  restore,
  targetOf,
  world
} from "../support/RestoreHarness.ts"

const partitions = [0, 1, 2].map((partition) => ({ topic: "orders", partition }))

const compressions: ReadonlyArray<Compression> = ["none", "gzip", "lz4", "zstd"]

/** Values that compress to nothing and values that do not compress, in turns of a batch or so. */
const valueOf = (at: number): Buffer =>
  Math.floor(at / 40) % 2 === 0 ? Buffer.alloc(30_000, at) : randomBytes(30_000)

describe("restoreTopics, using buffers again", () => {
  for (const compression of compressions) {
    it.live(`keeps the bytes of every record apart with ${compression}`, () =>
      Effect.gen(function*() {
        const files = yield* Effect.forEach(partitions, (source) =>
          Effect.gen(function*() {
            const records = recordsFrom(source, 0, 239).map((record, at) => ({
              ...record,
              value: valueOf(at)
            }))
            yield* putFile(records)
            return { source, records }
          }))
        yield* createTarget("orders", partitions.length)
        yield* plan()
        const faults = yield* KafkaFaults
        faults.delay("produce", 5)
        faults.loseAnswer("produce", "REQUEST_TIMED_OUT")
        yield* restore({ compression })
        for (const { records, source } of files) {
          const restored = yield* logRecords(targetOf(source))
          assert.lengthOf(restored, records.length)
          const wrong = records.filter(({ value }, at) => !restored[at]?.value?.equals(value))
          assert.deepStrictEqual(wrong.map(({ offset }) => offset), [])
        }
      }).pipe(Effect.provide(world)))
  }
})
