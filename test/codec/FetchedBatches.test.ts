import { it } from "@effect/vitest"
import { Effect } from "effect"
import { Buffer } from "node:buffer"
import { describe, expect } from "vitest"
import { sealBatch } from "../../src/codec/BatchWriter.ts"
import type { Compression } from "../../src/codec/Compression.ts"
import { readFetched } from "../../src/codec/FetchedBatches.ts"
import {
  type BatchFields,
  buildBatch,
  buildCompressedBatch,
  buildMarker,
  plainRecord
} from "../support/Batches.ts"

const fetched = (...batches: ReadonlyArray<Buffer>) => ({
  topic: "orders",
  partition: 3,
  records: Buffer.concat(batches),
  aborted: []
})

/** A batch, checksum and all, whose records are not compressed as it says. */
const mislabelled = (compression: Compression, fields: BatchFields = {}) => {
  const compressed = Buffer.alloc(100, 0xee)
  return sealBatch({
    records: compressed,
    compressed,
    compression,
    recordCount: 1,
    lastOffsetDelta: 0,
    baseTimestamp: 0n,
    maxTimestamp: 0n,
    producerId: -1n,
    producerEpoch: -1,
    baseSequence: -1,
    ...fields
  })
}

describe("readFetched", () => {
  it.effect("begins with the batch that holds the offset asked for", () =>
    Effect.gen(function*() {
      const batches = [0n, 10n, 20n].map((baseOffset) =>
        buildBatch([plainRecord()], { baseOffset, lastOffsetDelta: 9 })
      )
      const outcomes = yield* readFetched(fetched(...batches), 15n)
      expect(outcomes.map(({ header }) => header.baseOffset)).toEqual([10n, 20n])
      expect(yield* readFetched(fetched(...batches), 30n)).toEqual([])
    }))

  it.effect("leaves uncompressed records where they are", () =>
    Effect.gen(function*() {
      const partition = fetched(buildBatch([plainRecord()]))
      const [outcome] = yield* readFetched(partition, 0n)
      const shared = outcome?.kind === "data" && outcome.records.buffer === partition.records.buffer
      expect(shared).toBe(true)
    }))

  it.effect("does not decompress what is no data", () =>
    Effect.gen(function*() {
      const broken = mislabelled("gzip", { producerId: 5n, transactional: true })
      const damaged = { ...fetched(broken), aborted: [{ producerId: 5n, firstOffset: 0n }] }
      const outcomes = yield* readFetched(damaged, 0n)
      expect(outcomes.map(({ kind }) => kind)).toEqual(["aborted"])
      expect(outcomes.some((outcome) => "records" in outcome)).toBe(false)
    }))

  it.effect("checks the checksum of batches it drops", () =>
    Effect.gen(function*() {
      const marker = buildMarker("commit", { producerId: 1n })
      marker[marker.length - 1]! ^= 1
      const error = yield* Effect.flip(readFetched(fetched(marker), 100n))
      expect(error.message).toMatch(/^orders-3, batch at offset 0: CRC-32C is/)
    }))

  it.effect("refuses offsets that run back", () =>
    Effect.gen(function*() {
      const batches = [buildBatch([plainRecord()], { baseOffset: 7n }), buildBatch([plainRecord()])]
      const error = yield* Effect.flip(readFetched(fetched(...batches), 0n))
      expect(error.message).toBe("orders-3, batch at offset 0: it follows offset 7")
    }))

  it.effect("names the batch whose compressed records are damaged", () =>
    Effect.gen(function*() {
      for (const compression of ["gzip", "snappy", "lz4", "zstd"] as const) {
        const wrong = mislabelled(compression)
        const fine = yield* buildCompressedBatch([plainRecord()], "lz4", { baseOffset: 1n })
        const error = yield* Effect.flip(readFetched(fetched(wrong, fine), 0n))
        expect(error.message).toMatch(/^orders-3, batch at offset 0: /)
      }
    }))
})
