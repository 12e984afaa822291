import { it } from "@effect/vitest"
import { Effect } from "effect"
import { Buffer } from "node:buffer"
import { describe, expect } from "vitest"
import { sealBatch } from "../../src/codec/BatchWriter.ts"
import { readFetched } from "../../src/codec/FetchedBatches.ts"
import { readBatchHeader, recordSection } from "../../src/codec/RecordBatch.ts"
import {
  buildBatch,
  buildMarker,
  plainRecord,
  plainRecords,
  readBatches
} from "../support/Batches.ts"
import { javaBatches, javaMarkers } from "../support/JavaBatches.ts"

const source = { topic: "t", partition: 0 }

const records = [0, 1, 2].map((i) =>
  plainRecord({
    key: i === 1 ? null : Buffer.from(`k${i}`),
    value: Buffer.from(`value value value ${i * 7919}`),
    headers: [[Buffer.from("h"), i === 0 ? null : Buffer.from([1, 2, i])]],
    timestamp: 1_700_000_000_000n + BigInt(i),
    offsetDelta: i
  })
)

const fields = {
  baseOffset: 100n,
  leaderEpoch: 9,
  baseTimestamp: 1_700_000_000_000n,
  maxTimestamp: 1_700_000_000_002n,
  producerId: 77n,
  producerEpoch: 3,
  baseSequence: 5,
  transactional: true
}

describe("Batches of the Java client", () => {
  it.effect("are read with every codec", () =>
    Effect.gen(function*() {
      for (const [compression, bytes] of Object.entries(javaBatches)) {
        const [batch] = yield* readBatches(bytes)
        expect(batch?.header).toMatchObject({ ...fields, compression, recordCount: 3 })
        expect(batch && plainRecords(batch)).toEqual(records)
      }
    }))

  it("have the bytes that ours have", () => {
    expect(buildBatch(records, fields)).toEqual(javaBatches.none)
    for (const [compression, bytes] of Object.entries(javaBatches)) {
      const header = readBatchHeader(bytes, 0, source)
      if (header === undefined) return expect.unreachable(compression)
      const section = recordSection(bytes, header)
      expect(sealBatch({ ...header, records: section, compressed: section })).toEqual(bytes)
    }
  })

  it.effect("are dropped when a marker of the Java broker aborts them", () =>
    Effect.gen(function*() {
      const kinds = (marker: Buffer, aborted: ReadonlyArray<bigint>) =>
        readFetched({
          ...source,
          records: Buffer.concat([javaBatches.lz4, marker, again]),
          aborted: aborted.map((firstOffset) => ({ producerId: 77n, firstOffset }))
        }, 100n).pipe(Effect.map((outcomes) => outcomes.map(({ kind }) => kind)))
      const again = buildBatch(records, { ...fields, baseOffset: 201n })
      expect(yield* kinds(javaMarkers.abort, [100n])).toEqual(["aborted", "control", "data"])
      expect(yield* kinds(javaMarkers.commit, [])).toEqual(["data", "control", "data"])
      expect(yield* kinds(javaMarkers.abort, [100n, 201n])).toEqual([
        "aborted",
        "control",
        "aborted"
      ])
    }))

  it("have markers as those of the tests", () => {
    for (const type of ["abort", "commit"] as const) {
      const marker = buildMarker(type, {
        ...fields,
        baseOffset: 200n,
        maxTimestamp: fields.baseTimestamp,
        baseSequence: -1,
        coordinatorEpoch: 4
      })
      expect(marker).toEqual(javaMarkers[type])
    }
  })
})

describe("sealBatch", () => {
  it.effect("stores what compression makes larger without it", () =>
    Effect.gen(function*() {
      const header = { ...fields, recordCount: 1, lastOffsetDelta: 0 }
      const grown = { records: Buffer.from("abc"), compressed: Buffer.from("abcd") }
      const batch = sealBatch({ ...header, ...grown, compression: "zstd" })
      const [read] = yield* readBatches(batch)
      expect(read?.header.compression).toBe("none")
      expect(read?.records.toString()).toBe("abc")
    }))
})
