import { it } from "@effect/vitest"
import { Effect } from "effect"
import fc from "fast-check"
import { Buffer } from "node:buffer"
import { describe, expect } from "vitest"
import type { AbortedTransactionStart } from "../../src/codec/AbortedProducers.ts"
import { sealBatch } from "../../src/codec/BatchWriter.ts"
import { compress } from "../../src/codec/Compression.ts"
import { readFetched } from "../../src/codec/FetchedBatches.ts"
import { readBatchHeader, recordSection } from "../../src/codec/RecordBatch.ts"
import { buildBatch, buildMarker, plainRecord } from "../support/Batches.ts"
import { simulate, type Step } from "../support/TransactionLog.ts"

const source = { topic: "t", partition: 0 }

/** `first offset: kind` of every outcome. */
const read = (
  batches: ReadonlyArray<Buffer>,
  aborted: ReadonlyArray<AbortedTransactionStart>,
  from = 0n
) =>
  Effect.map(
    readFetched({ ...source, records: Buffer.concat(batches), aborted }, from),
    (outcomes) => outcomes.map(({ header, kind }) => `${header.baseOffset}: ${kind}`)
  )

const write = (baseOffset: bigint, producerId: bigint, key: Buffer | null = null) =>
  buildBatch([plainRecord({ key })], { baseOffset, producerId, transactional: true })

const abort = (baseOffset: bigint, producerId: bigint) =>
  buildMarker("abort", { baseOffset, producerId })

const commit = (baseOffset: bigint, producerId: bigint) =>
  buildMarker("commit", { baseOffset, producerId })

const producer = fc.integer({ min: 1, max: 3 })
const count = fc.integer({ min: 1, max: 3 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("write" as const),
      producer,
      records: count,
      transactional: fc.boolean()
    })
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("end" as const),
      producer,
      commit: fc.boolean()
    })
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("plain" as const), records: count }) }
)

/** Where in the log the fetch begins, as a part of it. */
const begin = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1, noNaN: true }))

describe("Aborted transactions", () => {
  it.effect.prop("are left out, and nothing else is, wherever the fetch begins and ends", [
    fc.array(step, { minLength: 1, maxLength: 40 }),
    begin,
    fc.nat(),
    fc.boolean()
  ], ([steps, begin, length, reversed]) =>
    Effect.gen(function*() {
      const log = simulate(steps)
      const end = log.batches.at(-1)?.next ?? 0n
      const from = BigInt(Math.floor(begin * Number(end)))
      const firstBatch = log.batches.findIndex((batch) => batch.next > from)
      if (firstBatch < 0) return
      const rest = log.batches.slice(firstBatch)
      const slice = rest.slice(0, 1 + length % rest.length)
      const aborted = log.aborted(from, slice.at(-1)?.next ?? 0n)
      const outcomes = yield* read(
        slice.map((batch) => batch.bytes),
        reversed ? aborted.toReversed() : aborted,
        from
      )
      expect(outcomes).toEqual(slice.map((batch) => `${batch.first}: ${batch.kind}`))
    }), { fastCheck: { numRuns: 300 } })

  it.effect("are not ended by a record whose key is that of a marker", () =>
    Effect.gen(function*() {
      const batches = [write(0n, 1n, Buffer.alloc(4)), write(1n, 1n), abort(2n, 1n), write(3n, 1n)]
      const outcomes = yield* read(batches, [{ producerId: 1n, firstOffset: 0n }])
      expect(outcomes).toEqual(["0: aborted", "1: aborted", "2: control", "3: data"])
    }))

  it.effect("may both be open where the fetch begins", () =>
    Effect.gen(function*() {
      const batches = [write(10n, 2n), write(11n, 1n), abort(12n, 1n), abort(13n, 2n)]
      const starts = [{ producerId: 1n, firstOffset: 3n }, { producerId: 2n, firstOffset: 5n }]
      const outcomes = yield* read(batches, starts, 10n)
      expect(outcomes).toEqual(["10: aborted", "11: aborted", "12: control", "13: control"])
    }))

  it.effect("are listed by their markers, not by their offsets", () =>
    Effect.gen(function*() {
      const batches = [
        write(5n, 2n),
        write(10n, 1n),
        abort(11n, 1n),
        abort(12n, 2n),
        write(13n, 2n)
      ]
      const starts = [{ producerId: 1n, firstOffset: 10n }, { producerId: 2n, firstOffset: 5n }]
      for (const listed of [starts, starts.toReversed()]) {
        const outcomes = yield* read(batches, listed)
        expect(outcomes.slice(0, 2)).toEqual(["5: aborted", "10: aborted"])
        expect(outcomes.at(-1)).toBe("13: data")
      }
    }))

  it.effect("end a producer's transaction, not what it writes outside of one", () =>
    Effect.gen(function*() {
      const idempotent = buildBatch([plainRecord()], { baseOffset: 1n, producerId: 1n })
      const batches = [write(0n, 1n), idempotent, commit(2n, 7n), abort(3n, 1n)]
      const outcomes = yield* read(batches, [{ producerId: 1n, firstOffset: 0n }])
      expect(outcomes).toEqual(["0: aborted", "1: data", "2: control", "3: control"])
    }))

  it.effect("are not applied to a fetch of everything", () =>
    Effect.gen(function*() {
      const outcomes = yield* read([write(0n, 1n), abort(1n, 1n)], [])
      expect(outcomes).toEqual(["0: data", "1: control"])
    }))

  it.effect("end also with a marker that is compressed", () =>
    Effect.gen(function*() {
      const plain = abort(1n, 1n)
      const header = readBatchHeader(plain, 0, source)
      if (header === undefined) return expect.unreachable()
      const compressed = yield* compress("zstd", recordSection(plain, header))
      const fields = { ...header, compressed, records: compressed, compression: "zstd" as const }
      const outcomes = yield* read([write(0n, 1n), sealBatch(fields), write(2n, 1n)], [
        { producerId: 1n, firstOffset: 0n }
      ])
      expect(outcomes).toEqual(["0: aborted", "1: control", "2: data"])
    }))

  it.effect("cannot be told by a marker without a key, which is an error", () =>
    Effect.gen(function*() {
      for (const key of [null, Buffer.alloc(3), Buffer.from([0xff, 0xff, 0, 0])]) {
        const fields = { producerId: 1n, transactional: true, control: true }
        const error = yield* Effect.flip(read([buildBatch([plainRecord({ key })], fields)], []))
        expect(error.message).toMatch(/^t-0, batch at offset 0: a control record has/)
      }
    }))
})
