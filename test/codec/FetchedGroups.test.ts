import { it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { Buffer } from "node:buffer"
import { describe, expect } from "vitest"
import { CodecError } from "../../src/codec/CodecError.ts"
import { type BatchOutcome, readFetched } from "../../src/codec/FetchedBatches.ts"
import { takeInGroups } from "../../src/codec/FetchedGroups.ts"
import { buildCompressedBatch, buildMarker, plainRecord } from "../support/Batches.ts"

const fetched = (batches: ReadonlyArray<Buffer>) => ({
  topic: "orders",
  partition: 3,
  records: Buffer.concat(batches),
  aborted: []
})

/** Does not compress, so that a few of them are more than a group. */
const noise = (bytes: number): Buffer => {
  const value = Buffer.alloc(bytes)
  for (let at = 0, word = 1; at < bytes; at++) {
    word = Math.imul(word, 1_664_525) + 1_013_904_223
    value[at] = word >>> 24
  }
  return value
}

/** Batches of one record each, of these sizes. */
const batchesOf = (sizes: ReadonlyArray<number>) =>
  Effect.forEach(
    sizes,
    (bytes, at) =>
      buildCompressedBatch([plainRecord({ value: noise(bytes) })], "lz4", {
        baseOffset: BigInt(at)
      })
  )

const offsetsOf = (outcomes: ReadonlyArray<BatchOutcome>) =>
  outcomes.map(({ header }) => Number(header.baseOffset))

/** Copies, as what was decompressed is freed behind it. */
const contentOf = (outcomes: ReadonlyArray<BatchOutcome>) =>
  outcomes.map((one) => one.kind === "data" ? Buffer.from(one.records).toString("hex") : one.kind)

describe("takeInGroups", () => {
  it.effect("takes what readFetched reads, a few at a time", () =>
    Effect.gen(function*() {
      const sizes = [300_000, 10, 20, 600_000, 100_000, 100_000, 100_000, 100_000, 7]
      const batches = yield* batchesOf(sizes)
      const partition = fetched([
        ...batches,
        buildMarker("commit", { producerId: 1n, baseOffset: 9n })
      ])
      const groups: Array<ReadonlyArray<number>> = []
      const content: Array<string> = []
      const kept: Array<BatchOutcome> = []
      yield* takeInGroups(partition, 1n, (outcomes) =>
        Effect.sync(() => {
          groups.push(offsetsOf(outcomes))
          content.push(...contentOf(outcomes))
          kept.push(...outcomes)
        }))
      expect(groups).toEqual([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
      expect(content).toEqual(contentOf(yield* readFetched(partition, 1n)))
      expect(kept.every((one) => one.kind !== "data" || one.records.length === 0)).toBe(true)
    }))

  it.effect("takes everything in front of a damaged batch, wherever that is", () =>
    Effect.gen(function*() {
      const batches = yield* batchesOf([100_000, 100_000, 100_000, 100_000, 10])
      for (let bad = 0; bad < batches.length; bad++) {
        const damaged = batches.map((batch) => Buffer.from(batch))
        const bytes = damaged[bad]!
        bytes[bytes.length - 1]! ^= 1
        const taken: Array<number> = []
        const error = yield* Effect.flip(
          takeInGroups(
            fetched(damaged),
            0n,
            (outcomes) => Effect.sync(() => void taken.push(...offsetsOf(outcomes)))
          )
        )
        expect(taken).toEqual(batches.map((_, at) => at).slice(0, bad))
        expect(error).toBeInstanceOf(CodecError)
        expect(error.message).toMatch(new RegExp(`^orders-3, batch at offset ${bad}: CRC-32C`))
      }
    }))

  it.effect("takes nothing more after a failure", () =>
    Effect.gen(function*() {
      const partition = fetched(yield* batchesOf([300_000, 300_000, 300_000]))
      const taken: Array<number> = []
      const error = yield* Effect.flip(takeInGroups(partition, 0n, (outcomes) => {
        taken.push(...offsetsOf(outcomes))
        return Effect.fail("full" as const)
      }))
      expect(error).toBe("full")
      expect(taken).toEqual([0])
    }))

  it.effect("ends when it is interrupted", () =>
    Effect.gen(function*() {
      const partition = fetched(yield* batchesOf([300_000, 300_000, 300_000]))
      const begun = yield* Deferred.make<void>()
      const taking = yield* Effect.fork(
        takeInGroups(partition, 0n, () =>
          Effect.zipRight(Deferred.succeed(begun, undefined), Effect.never))
      )
      yield* Deferred.await(begun)
      const exit = yield* Fiber.interrupt(taking)
      expect(exit._tag).toBe("Failure")
    }))
})
